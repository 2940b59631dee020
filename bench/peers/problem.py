"""Explicit problems (`wellmatch solve`'s text format) for other solvers: as sparse matrices and as MPS.

Every option becomes a column in [0, 1], every group and every resource that is used a row. Locks and forbids become
bounds. Peers minimise: `sign` times the objective is what the problem speaks of.
"""
import array


class Problem:
    def __init__(self, path):
        self.maximise = True
        limit, must_use, row_of_resource = [], [], {}
        self.group_must, self.option_group, self.value = [], array.array("l"), array.array("d")
        self.option_name, self.group_name = [], []
        first_use, use_resource, use = array.array("l", [0]), array.array("l"), array.array("d")
        marks, of_group = [], {}
        pending = []  # uses of resources that are not read yet
        with open(path, encoding="utf-8") as file:
            for line in file:
                words = line.split("#", 1)[0].split() if "#" in line else line.split()
                if not words:
                    continue
                if words[0] == "option":
                    self.value.append(float(words[1]))
                    self.option_name.append(words[2])
                    self.option_group.append(len(self.group_name) - 1)
                    for word in words[3:]:
                        name, _, amount = word.rpartition("=")
                        row = row_of_resource.get(name)
                        if row is None:
                            pending.append((len(use), name))
                            row = -1
                        use_resource.append(row)
                        use.append(float(amount))
                    first_use.append(len(use))
                elif words[0] == "group":
                    of_group[words[1]] = len(self.group_name)
                    self.group_name.append(words[1])
                    self.group_must.append(len(words) > 2 and words[2] == "must")
                elif words[0] == "resource":
                    row_of_resource[words[1]] = len(limit)
                    limit.append(float(words[2]))
                    must_use.append(len(words) > 3 and words[3] == "must")
                elif words[0] == "sense":
                    self.maximise = words[1] == "max"
                elif words[0] in ("lock", "forbid"):
                    marks.append(words)
        for at, name in pending:
            use_resource[at] = row_of_resource[name]
        self.n_options, self.n_groups, self.n_resources = len(self.value), len(self.group_name), len(limit)
        self.limit, self.must_use = limit, must_use
        self.first_use, self.use_resource, self.use = first_use, use_resource, use
        self.lower, self.upper = [0] * self.n_options, [1] * self.n_options
        if marks:
            number = {(g, name): o for o, (g, name) in enumerate(zip(self.option_group, self.option_name))}
            for kind, group, option in marks:
                (self.lower if kind == "lock" else self.upper)[number[of_group[group], option]] = kind == "lock"

    @property
    def sign(self):
        return -1.0 if self.maximise else 1.0

    def matrices(self):
        """Objective, rows and bounds as numpy and scipy have them: groups first, then resources."""
        import numpy
        from scipy import sparse

        first = numpy.array(self.first_use)
        options = numpy.arange(self.n_options)
        rows = numpy.concatenate([numpy.array(self.option_group), numpy.array(self.use_resource) + self.n_groups])
        columns = numpy.concatenate([options, numpy.repeat(options, numpy.diff(first))])
        entries = numpy.concatenate([numpy.ones(self.n_options), numpy.array(self.use)])
        matrix = sparse.csc_matrix((entries, (rows, columns)), shape=(self.n_groups + self.n_resources, self.n_options))
        upper = numpy.concatenate([numpy.ones(self.n_groups), numpy.array(self.limit)])
        must = numpy.array(self.group_must + self.must_use)
        return (self.sign * numpy.array(self.value), matrix, numpy.where(must, upper, -numpy.inf), upper,
                numpy.array(self.lower), numpy.array(self.upper))

    def write_mps(self, path, relaxed):
        """Free MPS, to be minimised."""
        with open(path, "w", encoding="ascii") as out:
            put = out.write
            put("NAME problem FREE\nROWS\n N cost\n")
            for g, must in enumerate(self.group_must):
                put(" %s g%d\n" % ("E" if must else "L", g))
            for r, must in enumerate(self.must_use):
                put(" %s r%d\n" % ("E" if must else "L", r))
            put("COLUMNS\n")
            if not relaxed:
                put(" mark0 'MARKER' 'INTORG'\n")
            for o in range(self.n_options):
                put(" x%d cost %.12g\n x%d g%d 1\n" % (o, self.sign * self.value[o], o, self.option_group[o]))
                for u in range(self.first_use[o], self.first_use[o + 1]):
                    put(" x%d r%d %.12g\n" % (o, self.use_resource[u], self.use[u]))
            if not relaxed:
                put(" mark1 'MARKER' 'INTEND'\n")
            put("RHS\n")
            for g in range(self.n_groups):
                put(" rhs g%d 1\n" % g)
            for r in range(self.n_resources):
                put(" rhs r%d %.12g\n" % (r, self.limit[r]))
            put("BOUNDS\n")
            for o in range(self.n_options):
                put(" UP bound x%d %d\n" % (o, self.upper[o]))
                if self.lower[o]:
                    put(" LO bound x%d 1\n" % o)
            put("ENDATA\n")
