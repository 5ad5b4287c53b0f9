// What the system would give, and in pages of which size.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <sys/mman.h>

#include "CKernels.h"

int keel_has_room(size_t bytes) {
  if (bytes == 0) return 1;
  void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (place == MAP_FAILED) return 0;
  munmap(place, bytes);
  return 1;
}

void keel_use_large_pages(void *place, size_t bytes) {
#if defined(MADV_HUGEPAGE)
  enum { PAGE = 2 << 20 };
  uintptr_t first = ((uintptr_t)place + PAGE - 1) / PAGE * PAGE;
  uintptr_t end = ((uintptr_t)place + bytes) / PAGE * PAGE;
  if (end > first) madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
  (void)place, (void)bytes;
#endif
}
