/* base/list.h - a ring of structs that hold their own links.
 *
 *     struct peer { struct link link; ... };
 *     struct link peers;  list_init(&peers);  list_push(&peers, &p->link);
 *     LIST_EACH(&peers, struct peer, p, link) { ... list_drop(&p->link) is fine here ... }
 *
 * The list owns nothing.  A link is in one list at most; list_drop() of a link that is in none
 * (after list_init or list_drop) does nothing. */
#ifndef SHOAL_BASE_LIST_H
#define SHOAL_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *next, *prev;
};

static inline void list_init(struct link *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct link *l)
{
    return l->next == l;
}

/* Put `l` at the tail. */
static inline void list_push(struct link *head, struct link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Put `l` at the head. */
static inline void list_push_front(struct link *head, struct link *l)
{
    list_push(head->next, l);
}

static inline void list_drop(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

#define LIST_OF(l, type, member) ((type *)(void *)((char *)(l)-offsetof(type, member)))

/* The first, or NULL. */
#define LIST_FIRST(head, type, member)                                                             \
    (list_empty(head) ? NULL : LIST_OF((head)->next, type, member))

/* Each in order; the body may drop or free `var` itself, no other. */
#define LIST_EACH(head, type, var, member)                                                         \
    for (type *var = LIST_OF((head)->next, type, member),                                          \
              *var##_next = LIST_OF(var->member.next, type, member);                               \
         &var->member != (head);                                                                   \
         var = var##_next, var##_next = LIST_OF(var->member.next, type, member))

#endif
