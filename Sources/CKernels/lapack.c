// Eigenvalues: LAPACK's, which comes with OpenBLAS and with Accelerate.
#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
#else
#include <stddef.h>
// OpenBLAS ships the routine without a header for it; the last argument is the length of `job`.
extern void dstev_(const char *job, const int *n, double *diagonal, double *next, double *vectors,
                   const int *stride, double *work, int *info, size_t length);
#endif

#include "CKernels.h"

int keel_tridiagonal_eigen(size_t n, double *diagonal, double *next, double *vectors,
                           double *work) {
  int size = (int)n, info = 0;
#if defined(__APPLE__)
  dstev_("V", &size, diagonal, next, vectors, &size, work, &info);
#else
  dstev_("V", &size, diagonal, next, vectors, &size, work, &info, 1);
#endif
  return info == 0;
}
