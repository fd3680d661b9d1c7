/*
 * Preloaded into user-mode Linux on machines with AMX.
 *
 * A tracer may set the extended registers of a process only as a whole, and
 * with AMX the whole is 11 KiB. User-mode Linux knows the first 2.7 KiB (x87,
 * SSE, AVX, AVX-512) and sets only those: refused, and its init dies.
 * Here the rest is added. It holds nothing: no process of the guest has AMX
 * state, as each would have to ask this machine's kernel for it first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long (*ptrace_function)(int request, int pid, void *address, void *data);

/*
 * Not on the stack: the caller's is a kernel stack of a few KiB. One thread of
 * user-mode Linux traces, and this is in the way of each system call of the
 * guest, so the size of the whole is asked for once.
 */
static unsigned char whole[64 * 1024] __attribute__((aligned(64)));
static size_t size;

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_function next;
	va_list arguments;

	if (next == NULL)
		next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
	va_start(arguments, request);
	int pid = va_arg(arguments, int);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);

	if (request != PTRACE_SETREGSET || (size_t)address != NT_X86_XSTATE)
		return next(request, pid, address, data);

	struct iovec present = {.iov_base = whole, .iov_len = sizeof(whole)};
	if (size == 0) {
		if (next(PTRACE_GETREGSET, pid, address, &present) < 0)
			return -1;
		size = present.iov_len;
	}
	const struct iovec *known = data;
	memcpy(whole, known->iov_base, known->iov_len < size ? known->iov_len : size);
	present.iov_len = size;
	return next(PTRACE_SETREGSET, pid, address, &present);
}
