// Matrix products: row-major shapes turned into calls of the platform's BLAS.
#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
#else
#include <cblas.h>
#endif

#include <stdatomic.h>

#include "CKernels.h"

/// A product, or a part of one; see keel_gemm_strided.
typedef struct {
  int transposeA, transposeB;
  size_t m, n, k;
  float alpha;
  const float *a;
  size_t strideA;
  const float *b;
  size_t strideB;
  float beta;
  float *c;
  size_t strideC;
} product;

static void multiply(const product *p) {
  cblas_sgemm(CblasRowMajor, p->transposeA ? CblasTrans : CblasNoTrans,
              p->transposeB ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, p->alpha,
              p->a, (int)p->strideA, p->b, (int)p->strideB, p->beta, p->c, (int)p->strideC);
}

#if defined(__APPLE__)

// Accelerate cuts products up for itself, and takes the memory it needs.
static void multiply_in_blocks(const product *p) { multiply(p); }
int keel_prepare_products(void) { return 1; }

#else

/// A product cut along its rows or its columns, whichever are more.
typedef struct {
  const product *whole;
  size_t width;
  int isByRows;
} cut;

enum {
  /// Multiply-adds that are worth a second thread: about 10 µs of one.
  LEAST_WORK = 1 << 19,
  /// A block narrower than this spends its time on packing the operand that all blocks share.
  LEAST_WIDTH = 32,
  MOST_BLOCKS = 16,
};

static void multiply_block(void *context, size_t index) {
  const cut *c = context;
  product p = *c->whole;
  size_t start = index * c->width;
  if (c->isByRows) {
    p.m = p.m - start < c->width ? p.m - start : c->width;
    p.a += p.transposeA ? start : start * p.strideA;
    p.c += start * p.strideC;
  } else {
    p.n = p.n - start < c->width ? p.n - start : c->width;
    p.b += p.transposeB ? start * p.strideB : start;
    p.c += start;
  }
  multiply(&p);
}

/// By shape alone, so that the number of threads changes no bit.
static void multiply_in_blocks(const product *p) {
  int isByRows = p->m >= p->n;
  size_t extent = isByRows ? p->m : p->n;
  // No overflow: both extents are those of a matrix that lies in memory.
  size_t blocks = p->m * p->n / LEAST_WORK * p->k + p->m * p->n % LEAST_WORK * p->k / LEAST_WORK;
  if (blocks > extent / LEAST_WIDTH) blocks = extent / LEAST_WIDTH;
  if (blocks > MOST_BLOCKS) blocks = MOST_BLOCKS;
  if (blocks < 2) return multiply(p);
  size_t width = ((extent + blocks - 1) / blocks + 15) / 16 * 16;
  cut c = {p, width, isByRows};
  keel_parallel((extent + width - 1) / width, multiply_block, &c);
}

/// OpenBLAS's own threads wait by spinning, which starves whatever runs beside them.
__attribute__((constructor)) static void use_one_thread(void) { openblas_set_num_threads(1); }

// MARK: OpenBLAS's own memory

enum {
  /// What OpenBLAS maps for each product that runs at the same time, and keeps; 128 MiB on x86-64, no
  /// more elsewhere.
  PRODUCT_BYTES = 128 << 20,
  /// What is left for all else.
  SPARE_BYTES = 16 << 20,
};

/// Products of all threads at the same time, so that each has its memory from now on.
static void take_memory(void *context, size_t index) {
  atomic_int *waiting = context;
  (void)index;
  atomic_fetch_sub(waiting, 1);
  for (int look = 0; look < 1000000 && atomic_load(waiting) > 0; look++) {
  }
  enum { SIDE = 64 };
  float a[SIDE * SIDE] = {0}, c[SIDE * SIDE];
  product p = {0, 0, SIDE, SIDE, SIDE, 1, a, SIDE, a, SIDE, 0, c, SIDE};
  for (int round = 0; round < 8; round++) multiply(&p);
}

int keel_prepare_products(void) {
  static atomic_int is_done;
  if (atomic_load(&is_done)) return 1;
  int threads = keel_threads();
  while (threads > 0 && !keel_has_room((size_t)threads * PRODUCT_BYTES + SPARE_BYTES)) threads--;
  if (threads == 0) return 0;
  keel_set_threads(threads);
  atomic_int waiting = threads;
  keel_parallel((size_t)threads, take_memory, &waiting);
  atomic_store(&is_done, 1);
  return 1;
}

#endif

void keel_gemm(int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
               const float *a, const float *b, float beta, float *c) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (size_t i = 0; i < m * n; i++) c[i] = beta == 0 ? 0 : beta * c[i];
    return;
  }
  keel_gemm_strided(transposeA, transposeB, m, n, k, alpha, a, transposeA ? m : k, b,
                    transposeB ? k : n, beta, c, n);
}

void keel_gemm_strided(int transposeA, int transposeB, size_t m, size_t n, size_t k, float alpha,
                       const float *a, size_t strideA, const float *b, size_t strideB, float beta,
                       float *c, size_t strideC) {
  if (m == 0 || n == 0 || k == 0) return;
  product p = {transposeA, transposeB, m, n, k, alpha, a, strideA, b, strideB, beta, c, strideC};
  multiply_in_blocks(&p);
}
