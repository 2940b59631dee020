// LEMON on an instance of bench/assign.c: lemon simplex|scaling FILE
//
// A min-cost flow, one unit from each column to each row, by network simplex or cost scaling (LEMON's two fastest for
// this kind); an edge costs what its weight falls short of the greatest, so that nothing is negative. The processor
// time is that of the solver from its making to its end, not of building the graph.
#include <lemon/cost_scaling.h>
#include <lemon/network_simplex.h>
#include <lemon/static_graph.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sys/resource.h>
#include <utility>
#include <vector>

using Graph = lemon::StaticDigraph;

template <typename T> static std::vector<T> read_many(FILE *file, std::size_t n)
{
    std::vector<T> values(n);
    if (std::fread(values.data(), sizeof(T), n, file) != n)
        values.clear();
    return values;
}

static double cpu_now()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

template <typename Solver>
static bool solve(const char *name, const Graph &graph, const Graph::NodeMap<int64_t> &supply,
                  const Graph::ArcMap<int64_t> &cost, int64_t value_at_no_cost)
{
    double start = cpu_now();
    Solver solver(graph);
    solver.supplyMap(supply).costMap(cost);
    bool good = solver.run() == Solver::OPTIMAL;
    double taken = cpu_now() - start;
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    if (good)
        std::printf("{\"solver\": \"lemon %s\", \"value\": %lld, \"cpu\": %.4f, \"peak_mib\": %.1f}\n", name,
                    static_cast<long long>(value_at_no_cost - solver.template totalCost<int64_t>()), taken,
                    double(used.ru_maxrss) / 1024);
    return good;
}

int main(int argc, char *argv[])
{
    FILE *file = argc == 3 ? std::fopen(argv[2], "rb") : nullptr;
    std::vector<int64_t> head = file ? read_many<int64_t>(file, 3) : std::vector<int64_t>();
    if (head.empty()) {
        std::fputs("usage: lemon simplex|scaling FILE\n", stderr);
        return 2;
    }
    auto rows = static_cast<int>(head[0]), columns = static_cast<int>(head[1]);
    auto n = static_cast<std::size_t>(head[2]);
    std::vector<int32_t> row = read_many<int32_t>(file, n), column = read_many<int32_t>(file, n);
    std::vector<int64_t> weight = read_many<int64_t>(file, n);
    std::fclose(file);
    // The graph wants its arcs by source, so columns are the sources: the file is in their order.
    std::vector<std::pair<int, int>> arcs(n);
    for (std::size_t k = 0; k < n; k++)
        arcs[k] = {column[k], columns + row[k]};
    Graph graph;
    graph.build(rows + columns, arcs.begin(), arcs.end());
    Graph::NodeMap<int64_t> supply(graph);
    Graph::ArcMap<int64_t> cost(graph);
    int64_t most = *std::max_element(weight.begin(), weight.end());
    for (int v = 0; v < rows + columns; v++)
        supply[graph.node(v)] = v < columns ? 1 : -1;
    for (std::size_t k = 0; k < n; k++)
        cost[graph.arc(static_cast<int>(k))] = most - weight[k];
    bool good =
        std::strcmp(argv[1], "scaling") == 0
            ? solve<lemon::CostScaling<Graph, int64_t, int64_t>>("scaling", graph, supply, cost, most * rows)
            : solve<lemon::NetworkSimplex<Graph, int64_t, int64_t>>("simplex", graph, supply, cost, most * rows);
    return good ? 0 : 1;
}
