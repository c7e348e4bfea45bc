#include "ydoc/myers.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A walk from both corners of a table, `from` across and `to` down.  Diagonal d is where x - y is
 * d; of each the walk keeps how far it has come. */
struct walk {
    const uint32_t *a, *b;
    bool *gone, *come;
    int32_t *ahead, *back; /* by diagonal, from -(n of b) - 1 */
    uint64_t *work;
};

struct box {
    int32_t left, right, top, bottom;
};

static void mark(bool *changed, int32_t from, int32_t to)
{
    if (to > from)
        memset(changed + from, true, (size_t)(to - from));
}

static void spend(struct walk *w, int32_t steps)
{
    uint64_t n = (uint64_t)steps + 1;
    *w->work -= n < *w->work ? n : *w->work;
}

/* One more step from the upper left; true when it met the other walk. */
static bool step_ahead(struct walk *w, const struct box *in, const int32_t mine[2],
                       const int32_t theirs[2], bool meets, int32_t mid[2])
{
    for (int32_t d = mine[1]; d >= mine[0]; d -= 2) {
        int32_t below = w->ahead[d - 1], above = w->ahead[d + 1];
        int32_t x = below >= above ? below + 1 : above, begin = x, y = x - d;
        while (x < in->right && y < in->bottom && w->a[x] == w->b[y])
            x++, y++;
        spend(w, x - begin);
        w->ahead[d] = x;
        if (meets && theirs[0] <= d && d <= theirs[1] && w->back[d] <= x) {
            mid[0] = x, mid[1] = y;
            return true;
        }
    }
    return false;
}

static bool step_back(struct walk *w, const struct box *in, const int32_t mine[2],
                      const int32_t theirs[2], bool meets, int32_t mid[2])
{
    for (int32_t d = mine[1]; d >= mine[0]; d -= 2) {
        int32_t below = w->back[d - 1], above = w->back[d + 1];
        int32_t x = below < above ? below : above - 1, begin = x, y = x - d;
        while (x > in->left && y > in->top && w->a[x - 1] == w->b[y - 1])
            x--, y--;
        spend(w, begin - x);
        w->back[d] = x;
        if (meets && theirs[0] <= d && d <= theirs[1] && x <= w->ahead[d]) {
            mid[0] = x, mid[1] = y;
            return true;
        }
    }
    return false;
}

/* One diagonal more on each side, as far as the box has them; `edge` is what nobody reached. */
static void widen(int32_t range[2], const int32_t all[2], int32_t *reached, int32_t edge)
{
    if (range[0] > all[0])
        reached[--range[0] - 1] = edge;
    else
        range[0]++;
    if (range[1] < all[1])
        reached[++range[1] + 1] = edge;
    else
        range[1]--;
}

/* Where a shortest way through the box is half done; false: the work is used up. */
static bool find_middle(struct walk *w, const struct box *in, int32_t mid[2])
{
    int32_t all[2] = {in->left - in->bottom, in->right - in->top};
    int32_t f = in->left - in->top, b = in->right - in->bottom;
    int32_t ahead[2] = {f, f}, back[2] = {b, b};
    bool odd = (f - b) & 1;
    w->ahead[f] = in->left;
    w->back[b] = in->right;
    while (*w->work > 0) {
        widen(ahead, all, w->ahead, -1);
        if (step_ahead(w, in, ahead, back, odd, mid))
            return true;
        widen(back, all, w->back, INT32_MAX);
        if (step_back(w, in, back, ahead, !odd, mid))
            return true;
    }
    return false;
}

static void compare(struct walk *w, struct box in)
{
    for (;;) {
        while (in.left < in.right && in.top < in.bottom && w->a[in.left] == w->b[in.top])
            in.left++, in.top++;
        while (in.left < in.right && in.top < in.bottom &&
               w->a[in.right - 1] == w->b[in.bottom - 1])
            in.right--, in.bottom--;
        int32_t mid[2];
        if (in.left == in.right || in.top == in.bottom || !find_middle(w, &in, mid)) {
            mark(w->gone, in.left, in.right);
            mark(w->come, in.top, in.bottom);
            return;
        }
        /* Each half has half of the differences: it does not go deep. */
        compare(w, (struct box){in.left, mid[0], in.top, mid[1]});
        in.left = mid[0];
        in.top = mid[1];
    }
}

void myers_mark(struct sequence *from, struct sequence *to, uint64_t *work)
{
    size_t diagonals = from->n + to->n + 3;
    int32_t *room = mem_array(2 * diagonals, sizeof *room);
    struct walk w = {.a = from->members,
                     .b = to->members,
                     .gone = from->changed,
                     .come = to->changed,
                     .ahead = room + to->n + 1,
                     .back = room + diagonals + to->n + 1,
                     .work = work};
    compare(&w, (struct box){0, (int32_t)from->n, 0, (int32_t)to->n});
    free(room);
}
