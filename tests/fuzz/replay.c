/* Runs a fuzz target on every file of the folders given: the kept corpus and past crashes, as ordinary tests. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    long len = ftell(file);
    rewind(file);
    uint8_t *bytes =
        malloc(len > 0 ? (size_t)len : 1); /* exactly as long as the input, so that reading past it shows */
    if (!bytes || len < 0 || fread(bytes, 1, (size_t)len, file) != (size_t)len) {
        perror(path);
        exit(1);
    }
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout); /* names the culprit of a crash */
    LLVMFuzzerTestOneInput(bytes, (size_t)len);
    free(bytes);
}

int main(int argc, char *argv[])
{
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int n_entries = scandir(argv[i], &entries, NULL, alphasort);
        for (int j = 0; j < n_entries; j++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entries[j]->d_name);
            if (entries[j]->d_name[0] != '.') {
                replay_file(path);
                n++;
            }
            free(entries[j]);
        }
        if (n_entries >= 0)
            free(entries);
    }
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("1..1\nok 1 - %zu inputs replayed\n", n);
    return 0;
}
