#!/usr/bin/python3
"""scipy on an instance of bench/assign.c: assign_scipy.py dense|sparse FILE

dense: linear_sum_assignment on the whole matrix; sparse: min_weight_full_bipartite_matching. The processor time is that
of the call alone.
"""
import json
import resource
import sys
import time

import numpy
from scipy import optimize, sparse
from scipy.sparse import csgraph


def main():
    method, path = sys.argv[1:]
    with open(path, "rb") as file:
        n_rows, n_columns, n = (int(v) for v in numpy.fromfile(file, numpy.int64, 3))
        row = numpy.fromfile(file, numpy.int32, n)
        column = numpy.fromfile(file, numpy.int32, n)
        weight = numpy.fromfile(file, numpy.int64, n)
    if method == "dense":
        matrix = numpy.full((n_rows, n_columns), -numpy.inf)
        matrix[row, column] = weight
        start = time.process_time()
        rows, columns = optimize.linear_sum_assignment(matrix, maximize=True)
    else:
        matrix = sparse.csr_matrix((weight.astype(float), (row, column)), shape=(n_rows, n_columns))
        start = time.process_time()
        rows, columns = csgraph.min_weight_full_bipartite_matching(matrix, maximize=True)
    taken = time.process_time() - start
    value = int(numpy.asarray(matrix[rows, columns]).astype(numpy.int64).sum())
    print(json.dumps({"solver": "scipy " + method, "value": value, "cpu": taken,
                      "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


main()
