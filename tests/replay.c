/* Gives every file of a folder to a fuzz target, as an ordinary test: what was found once stays
 * found.  An empty input comes first, so that a target without a corpus still runs. */
#include "base/mem.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    uint8_t *bytes = n > 0 ? mem_zalloc((size_t)n) : NULL;
    if (n > 0 && fread(bytes, 1, (size_t)n, f) == (size_t)n)
        LLVMFuzzerTestOneInput(bytes, (size_t)n);
    free(bytes);
    fclose(f);
}

int main(int argc, char **argv)
{
    uint8_t none = 0;
    LLVMFuzzerTestOneInput(&none, 0);
    unsigned count = 0;
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        char *path = mem_printf("%s/%s", argv[1], e->d_name);
        replay_file(path);
        free(path);
        count++;
    }
    if (dir)
        closedir(dir);
    printf("%u inputs replayed\n", count);
    return 0;
}
