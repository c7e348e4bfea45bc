/* ydoc/prints.h - do two types hold the same, whoever wrote it and in whatever order?
 *
 * A print is a number of 64 bits made of all that a type reads as: what it is, its list with the
 * attributes in force, its keys, and all below.  Two that read alike have one print; others have
 * two, but for a chance that nobody can help along who does not know the document's seed. */
#ifndef SHOAL_YDOC_PRINTS_H
#define SHOAL_YDOC_PRINTS_H

#include "ydoc/doc_in.h"

/* Of all types of a document, by their numbers; free(). */
uint64_t *prints_new(const struct ydoc *d, uint64_t seed);

/* Of the next unit of an item that is no text; `at` walks along its bytes. */
uint64_t print_unit(const struct item *it, struct cur *at, const uint64_t *prints, uint64_t seed);
/* Of all that an item under a key holds. */
uint64_t print_value(const struct ydoc *d, const struct item *it, const uint64_t *prints,
                     uint64_t seed);

#endif
