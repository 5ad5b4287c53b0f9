#include "CProcesses.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

// Made once and never closed: a handler may be at it at any time.
static int note_pipe[2] = {-1, -1};

static void note_signal(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  ssize_t written = write(note_pipe[1], &byte, 1);
  (void)written;
  errno = before;
}

int keel_note_signals(const int *numbers, int count) {
  if (note_pipe[0] < 0) {
    if (pipe(note_pipe)) return -1;
    for (int i = 0; i < 2; i++) {
      fcntl(note_pipe[i], F_SETFD, FD_CLOEXEC);
      fcntl(note_pipe[i], F_SETFL, O_NONBLOCK);
    }
  }
  // What came for earlier work.
  unsigned char old;
  while (read(note_pipe[0], &old, 1) == 1) {
  }
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < count; i++) sigaction(numbers[i], &action, NULL);
  return note_pipe[0];
}

void keel_restore_signals(const int *numbers, int count) {
  for (int i = 0; i < count; i++) signal(numbers[i], SIG_DFL);
}

int keel_ignores(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}
