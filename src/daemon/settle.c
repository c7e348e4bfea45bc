#include "daemon/settle.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Segments that cannot be written hold what is in their file, and nothing else: what is relocated
 * lies in writable ones, made read-only afterwards (PT_GNU_RELRO). */
static int forget_pages(struct dl_phdr_info *object, size_t size, void *arg)
{
    const uintptr_t page = *(const uintptr_t *)arg;
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || p->p_flags & PF_W)
            continue;
        uintptr_t from = (object->dlpi_addr + p->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t to = (object->dlpi_addr + p->p_vaddr + p->p_memsz) & ~(page - 1);
        if (from < to)
            (void)madvise((void *)from, to - from, MADV_DONTNEED); /* at worst they stay */
    }
    return 0;
}

void settle(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(forget_pages, &page);
    malloc_trim(0);
}
