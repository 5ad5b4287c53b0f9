// Threads that share the blocks of one piece of work at a time, and wait parked between two.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "CKernels.h"

enum {
  MOST_THREADS = 1024,
  /// Shares that blocks are dealt out in; more threads than that help with those of others.
  MOST_SHARES = 64,
  /// How often a thread looks for the next piece of work before it parks: some tens of
  /// microseconds, what lies between two products of one recurrent step. Waking a parked thread
  /// takes about as long.
  LOOKS = 2000,
};

/// Blocks that lie together, for one thread first: the same each time, so that what it wrote is
/// still in its cache. In a cache line of its own.
typedef struct {
  _Alignas(64) atomic_size_t next;
  size_t end;
} share;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t begun, ended;
  /// Threads to use, the caller's included; 0 until somebody says how many or needs them.
  atomic_int wanted;
  /// Threads that were started beside the caller's.
  int started;
  /// Counts pieces of work.
  atomic_uint_fast64_t number;
  keel_block *body;
  void *context;
  share shares[MOST_SHARES];
  size_t share_count;
  /// Started threads that may be at work on the current piece.
  atomic_int active;
  /// Whether no block of the current piece has returned 0.
  atomic_int is_sound;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .begun = PTHREAD_COND_INITIALIZER,
          .ended = PTHREAD_COND_INITIALIZER};

/// Set while somebody's work is being shared.
static atomic_flag is_taken = ATOMIC_FLAG_INIT;

/// How many blocks, one within the other, this thread is at work on.
static _Thread_local int depth = 0;

int keel_is_in_block(void) { return depth > 0; }

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void deal(size_t count) {
  size_t shares = (size_t)pool.wanted < MOST_SHARES ? (size_t)pool.wanted : MOST_SHARES;
  pool.share_count = shares < count ? shares : count;
  for (size_t index = 0; index < pool.share_count; index++) {
    atomic_store(&pool.shares[index].next, count * index / pool.share_count);
    pool.shares[index].end = count * (index + 1) / pool.share_count;
  }
}

static int has_left(void) {
  for (size_t index = 0; index < pool.share_count; index++) {
    if (atomic_load(&pool.shares[index].next) < pool.shares[index].end) return 1;
  }
  return 0;
}

/// A thread's own share, then what is left of the others'.
static void work(size_t place) {
  int is_sound = 1;
  depth++;
  for (size_t other = 0; other < pool.share_count; other++) {
    share *s = &pool.shares[(place + other) % pool.share_count];
    for (size_t index; (index = atomic_fetch_add(&s->next, 1)) < s->end;) {
      is_sound &= pool.body(pool.context, index) != 0;
    }
  }
  depth--;
  if (!is_sound) atomic_store(&pool.is_sound, 0);
}

static int work_alone(size_t count, keel_block *body, void *context) {
  int is_sound = 1;
  depth++;
  for (size_t index = 0; index < count; index++) is_sound &= body(context, index) != 0;
  depth--;
  return is_sound;
}

/// - place: counts the started threads from 1.
static void *help(void *place) {
  uint64_t seen = 0;
  for (;;) {
    for (int look = 0; look < LOOKS && atomic_load(&pool.number) == seen; look++) relax();
    pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.number) == seen) pthread_cond_wait(&pool.begun, &pool.lock);
    seen = atomic_load(&pool.number);
    // Who wakes when all blocks are taken has nobody wait for it.
    int isWanted = (intptr_t)place < atomic_load(&pool.wanted) && has_left();
    if (isWanted) atomic_fetch_add(&pool.active, 1);
    pthread_mutex_unlock(&pool.lock);
    if (!isWanted) continue;
    work((size_t)(intptr_t)place);
    pthread_mutex_lock(&pool.lock);
    if (atomic_fetch_sub(&pool.active, 1) == 1) pthread_cond_signal(&pool.ended);
    pthread_mutex_unlock(&pool.lock);
  }
  return NULL;
}

/// As many as are wanted, or as many as the system allows: with fewer the work takes longer.
///
/// A block needs little stack; the usual 8 MB each would be missed where addresses are few.
static void start_threads(void) {
  enum { STACK = 1 << 20 };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  while (pool.started + 1 < pool.wanted) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, help, (void *)(intptr_t)(pool.started + 1)) != 0) {
      pool.wanted = pool.started + 1;
      break;
    }
    pool.started++;
  }
  pthread_attr_destroy(&attributes);
}

int keel_set_threads(int threads) {
  threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
  atomic_store(&pool.wanted, threads);
  return threads;
}

/// Processors that this process may run on.
static int processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int keel_threads(void) {
  int threads = atomic_load(&pool.wanted);
  return threads > 0 ? threads : keel_set_threads(processors());
}

int keel_parallel(size_t count, keel_block *body, void *context) {
  // Work within work, and that of several trainings side by side, stays where it is.
  if (count < 2 || depth > 0 || keel_threads() < 2 || atomic_flag_test_and_set(&is_taken)) {
    return work_alone(count, body, context);
  }
  pthread_mutex_lock(&pool.lock);
  // Who woke late still looks at what is over.
  while (atomic_load(&pool.active) > 0) pthread_cond_wait(&pool.ended, &pool.lock);
  start_threads();
  pool.body = body;
  pool.context = context;
  atomic_store(&pool.is_sound, 1);
  deal(count);
  atomic_fetch_add(&pool.number, 1);
  pthread_cond_broadcast(&pool.begun);
  pthread_mutex_unlock(&pool.lock);
  work(0);
  for (int look = 0; look < LOOKS && atomic_load(&pool.active) > 0; look++) relax();
  pthread_mutex_lock(&pool.lock);
  while (atomic_load(&pool.active) > 0) pthread_cond_wait(&pool.ended, &pool.lock);
  pthread_mutex_unlock(&pool.lock);
  int is_sound = atomic_load(&pool.is_sound);
  atomic_flag_clear(&is_taken);
  return is_sound;
}
