#include "base/list.h"

#include "base/test.h"

struct peer {
    int id;
    struct link link;
};

/* The ids in order, as one number: 1 2 3 is 123. */
static int order(struct link *head)
{
    int n = 0;
    LIST_EACH(head, struct peer, p, link)
        n = n * 10 + p->id;
    return n;
}

static void keeps_the_order_of_pushing(void **state)
{
    (void)state;
    struct link head;
    struct peer p[4] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(LIST_FIRST(&head, struct peer, link));
    assert_int_equal(order(&head), 0);
    list_push(&head, &p[1].link);
    list_push(&head, &p[2].link);
    list_push_front(&head, &p[0].link);
    list_push(&head, &p[3].link);
    assert_int_equal(order(&head), 1234);
    assert_int_equal(LIST_FIRST(&head, struct peer, link)->id, 1);
    assert_int_equal(LIST_OF(head.prev, struct peer, link)->id, 4);
}

static void the_body_may_drop_what_it_looks_at(void **state)
{
    (void)state;
    struct link head;
    struct peer p[5];
    list_init(&head);
    for (int i = 0; i < 5; i++) {
        p[i].id = i + 1;
        list_push(&head, &p[i].link);
    }
    LIST_EACH(&head, struct peer, q, link)
        if (q->id % 2)
            list_drop(&q->link);
    assert_int_equal(order(&head), 24);
    list_drop(&p[3].link);
    list_push(&head, &p[0].link);
    list_drop(&p[3].link); /* it is in no list: nothing, though it once stood where p[0] does */
    assert_int_equal(order(&head), 21);
    LIST_EACH(&head, struct peer, q, link)
        list_drop(&q->link);
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_pushing),
        cmocka_unit_test(the_body_may_drop_what_it_looks_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
