/* Worker lanes: threads of their own, so that a slow disk never waits behind a script check, as it
 * would in libuv's one pool of four, where host names are looked up too.  A lane starts a thread
 * when it has work, nobody idle and fewer than its number. */
#include "base/mem.h"
#include "net/uv/turn.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

enum { THREADS_DISK = 2, THREADS_CPU_MAX = 64 };

struct job {
    struct job *next;
    enum lane lane;
    lane_fn *work, *done;
    void *arg;
};

struct fifo {
    struct job *head, *tail;
};

struct lane_state {
    struct lanes *all;
    struct fifo waiting;
    uv_cond_t more;
    uv_thread_t threads[THREADS_CPU_MAX];
    unsigned started, most, idle;
    size_t queued; /* waiting, running or not yet told; the loop's thread only */
};

struct lanes {
    struct loop *loop;
    uv_mutex_t lock; /* guards waiting, started, idle and ending */
    struct lane_state lane[LANE_COUNT];
    uv_mutex_t finished_lock; /* guards finished */
    struct fifo finished;
    bool ending;
    uv_async_t told;
};

static void fifo_push(struct fifo *f, struct job *j)
{
    j->next = NULL;
    if (f->head)
        f->tail->next = j;
    else
        f->head = j;
    f->tail = j;
}

static struct job *fifo_pop(struct fifo *f)
{
    struct job *j = f->head;
    if (j)
        f->head = j->next;
    return j;
}

/* The next job, or NULL when the lanes end. */
static struct job *next_job(struct lane_state *s)
{
    struct job *j;
    uv_mutex_lock(&s->all->lock);
    s->idle++;
    while (!(j = fifo_pop(&s->waiting)) && !s->all->ending)
        uv_cond_wait(&s->more, &s->all->lock);
    s->idle--;
    uv_mutex_unlock(&s->all->lock);
    return j;
}

/* The loop is told without the lock, else it wakes up only to wait for it; and not again while it
 * has not come for what was finished before. */
static void finish(struct lanes *ln, struct job *j)
{
    uv_mutex_lock(&ln->finished_lock);
    bool first = ln->finished.head == NULL;
    fifo_push(&ln->finished, j);
    uv_mutex_unlock(&ln->finished_lock);
    if (first)
        uv_async_send(&ln->told);
}

static void thread_main(void *arg)
{
    struct lane_state *s = arg;
    for (struct job *j; (j = next_job(s));) {
        j->work(j->arg);
        finish(s->all, j);
    }
}

/* Signals are the loop's business: a worker starts with all of them blocked. */
static int start_thread(struct lane_state *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = uv_thread_create(&s->threads[s->started], thread_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        s->started++;
    return rc;
}

void lane_run(struct loop *l, enum lane lane, lane_fn *work, lane_fn *done, void *arg)
{
    struct lanes *ln = l->lanes;
    struct lane_state *s = &ln->lane[lane];
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){.lane = lane, .work = work, .done = done, .arg = arg};
    s->queued++;
    uv_mutex_lock(&ln->lock);
    fifo_push(&s->waiting, j);
    bool need_thread = s->idle == 0 && s->started < s->most;
    if (need_thread && start_thread(s) != 0 && s->started == 0)
        abort(); /* not one thread: as out of memory, base/mem.h */
    bool wake = s->idle > 0;
    uv_mutex_unlock(&ln->lock);
    if (wake) /* without the lock, which it takes first */
        uv_cond_signal(&s->more);
}

size_t lane_queued(const struct loop *l, enum lane lane)
{
    return l->lanes->lane[lane].queued;
}

static void on_told(uv_async_t *a)
{
    struct lanes *ln = a->data;
    uv_mutex_lock(&ln->finished_lock);
    struct fifo finished = ln->finished;
    ln->finished.head = NULL;
    uv_mutex_unlock(&ln->finished_lock);
    for (struct job *j; (j = fifo_pop(&finished));) {
        ln->lane[j->lane].queued--;
        turn_enter(ln->loop);
        turn_note(ln->loop, "lane", j->done);
        j->done(j->arg);
        turn_leave(ln->loop);
        free(j);
    }
}

struct lanes *lanes_new(struct loop *l)
{
    struct lanes *ln = MEM_NEW(struct lanes);
    unsigned cores = uv_available_parallelism();
    ln->loop = l;
    ln->told.data = ln;
    uv_mutex_init(&ln->lock);
    uv_mutex_init(&ln->finished_lock);
    uv_async_init(&l->uv, &ln->told, on_told);
    for (int i = 0; i < LANE_COUNT; i++) {
        ln->lane[i].all = ln;
        uv_cond_init(&ln->lane[i].more);
    }
    ln->lane[LANE_DISK].most = THREADS_DISK;
    ln->lane[LANE_DISK_ORDERED].most = 1;
    ln->lane[LANE_CPU].most = cores < THREADS_CPU_MAX ? cores : THREADS_CPU_MAX;
    return ln;
}

static bool any_queued(const struct lanes *ln)
{
    for (int i = 0; i < LANE_COUNT; i++)
        if (ln->lane[i].queued > 0)
            return true;
    return false;
}

static void on_told_closed(uv_handle_t *h)
{
    free(h->data);
}

void lanes_free(struct lanes *ln)
{
    while (any_queued(ln))
        uv_run(&ln->loop->uv, UV_RUN_ONCE);
    uv_mutex_lock(&ln->lock);
    ln->ending = true;
    for (int i = 0; i < LANE_COUNT; i++)
        uv_cond_broadcast(&ln->lane[i].more);
    uv_mutex_unlock(&ln->lock);
    for (int i = 0; i < LANE_COUNT; i++) {
        for (unsigned t = 0; t < ln->lane[i].started; t++)
            uv_thread_join(&ln->lane[i].threads[t]);
        uv_cond_destroy(&ln->lane[i].more);
    }
    uv_mutex_destroy(&ln->lock);
    uv_mutex_destroy(&ln->finished_lock);
    uv_close((uv_handle_t *)&ln->told, on_told_closed);
}
