/*
 * FAISS's flat index: the inner product of every leader with a post's vector, and the ten greatest. As many dimensions as
 * a score reads columns. It answers a lesser question, with nothing but multiply-adds, so it is a floor, not a rival.
 *
 *   faiss_scan FILE ROUNDS     FILE: what `micro --export` wrote; prints nanoseconds of processor time a pair
 */
#include <faiss/IndexFlat.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

static double cpu_seconds()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

int main(int argc, char **argv)
{
    std::FILE *file = argc == 3 ? std::fopen(argv[1], "rb") : nullptr;
    int32_t head[4];
    if (!file || std::fread(head, sizeof head, 1, file) != 1)
        return 2;
    size_t n = size_t(head[0]), columns = size_t(head[1]) + size_t(head[2]) + 5, posts = size_t(head[3]);
    std::vector<int32_t> cells(n * columns);
    if (std::fread(cells.data(), sizeof(int32_t), cells.size(), file) != cells.size())
        return 2;
    std::vector<float> rows(n * columns);
    for (size_t column = 0; column < columns; column++)
        for (size_t i = 0; i < n; i++)
            rows[i * columns + column] = float(cells[column * n + i] % 65536) / 65536;
    using idx_t = decltype(faiss::Index::ntotal); /* its name moved between versions */
    faiss::IndexFlatIP index{idx_t(columns)};
    index.add(idx_t(n), rows.data());
    for (int round = std::atoi(argv[2]); round > 0; round--) {
        float best[10];
        idx_t which[10];
        double start = cpu_seconds();
        for (size_t post = 0; post < posts; post++) /* one question at a time, as a shortlist is asked for */
            index.search(1, rows.data() + post * 97 % n * columns, 10, best, which);
        std::printf("%g\n", (cpu_seconds() - start) / double(posts) / double(n) * 1e9);
    }
}
