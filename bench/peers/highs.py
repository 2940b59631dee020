#!/usr/bin/python3
"""HiGHS, as scipy has it, on an explicit problem.

    highs.py milp|highs-ds|highs-ipm PROBLEM SECONDS_MAX

Prints one line of JSON. `cpu` is the solver's own processor time: neither Python's start nor the building of the
matrices counts against it.
"""
import json
import os
import sys
import time

import numpy
from scipy import optimize, sparse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from problem import Problem  # noqa: E402


def main():
    method, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    problem = Problem(path)
    cost, matrix, low, high, lower, upper = problem.matrices()
    start, start_wall = time.process_time(), time.monotonic()
    if method == "milp":
        result = optimize.milp(cost, constraints=optimize.LinearConstraint(matrix, low, high),
                               bounds=optimize.Bounds(lower, upper), integrality=numpy.ones(len(cost)),
                               options={"mip_rel_gap": 0, "time_limit": seconds})
    else:
        equal = low == high
        less = sparse.csr_matrix(matrix)[~equal]
        result = optimize.linprog(cost, A_ub=less, b_ub=high[~equal],
                                  A_eq=sparse.csr_matrix(matrix)[equal] if equal.any() else None,
                                  b_eq=high[equal] if equal.any() else None,
                                  bounds=numpy.column_stack([lower, upper]), method=method,
                                  options={"time_limit": seconds})
    value = None if result.x is None else problem.sign * float(result.fun)
    json.dump({"done": bool(result.status == 0), "value": value, "cpu": time.process_time() - start,
               "wall": time.monotonic() - start_wall}, sys.stdout)
    print()


main()
