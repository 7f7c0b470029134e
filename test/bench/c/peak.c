/* The peak of a program's resident memory: peak PROGRAM ARG... prints kilobytes on stderr. The system counts what a process
 * was before it became the program, too, so that this has to be a small one. */
#define _DEFAULT_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
	pid_t pid;
	int status;
	struct rusage usage;
	if (argc < 2 || posix_spawnp(&pid, argv[1], NULL, NULL, argv + 1, environ) || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	fprintf(stderr, "\n%ld\n", usage.ru_maxrss);
	return status != 0;
}
