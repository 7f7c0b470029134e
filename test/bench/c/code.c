/* The least that prints a TOTP code over PC/SC: what ykmfa code is measured against.
 * code ID: the first reader with a card, SELECT, CALCULATE, six digits.
 *   cc -O2 $(pkg-config --cflags libpcsclite) code.c -lpcsclite */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

static void check(LONG rv, const char *call)
{
	if (rv != SCARD_S_SUCCESS) {
		fprintf(stderr, "%s: %08lx\n", call, (unsigned long)rv);
		exit(1);
	}
}

static DWORD transmit(SCARDHANDLE card, DWORD protocol, const BYTE *apdu, DWORD n, BYTE *resp, DWORD size)
{
	const SCARD_IO_REQUEST *pci = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	check(SCardTransmit(card, pci, apdu, n, NULL, resp, &size), "SCardTransmit");
	if (size < 2 || resp[size - 2] != 0x90 || resp[size - 1] != 0) {
		fprintf(stderr, "the card refused\n");
		exit(1);
	}
	return size;
}

/* with_card returns the first reader that holds a card. */
static const char *with_card(SCARDCONTEXT context, const char *names)
{
	SCARD_READERSTATE states[16];
	DWORD n = 0;
	memset(states, 0, sizeof states);
	for (; *names && n < 16; names += strlen(names) + 1)
		states[n++].szReader = names;
	check(SCardGetStatusChange(context, 0, states, n), "SCardGetStatusChange");
	for (DWORD i = 0; i < n; i++)
		if (states[i].dwEventState & SCARD_STATE_PRESENT)
			return states[i].szReader;
	fprintf(stderr, "no card\n");
	exit(1);
}

int main(int argc, char **argv)
{
	static const BYTE select[] = {0, 0xa4, 4, 0, 7, 0xa0, 0, 0, 5, 0x27, 0x21, 1};
	BYTE apdu[5 + 2 + 64 + 10], resp[258];
	char readers[2048];
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol, n = sizeof readers;
	size_t id = argc == 2 ? strlen(argv[1]) : 0;
	if (id == 0 || id > 64) {
		fprintf(stderr, "usage: code ID\n");
		return 2;
	}
	check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context), "SCardEstablishContext");
	check(SCardListReaders(context, NULL, NULL, &n), "SCardListReaders");
	if (n > sizeof readers)
		return 1;
	check(SCardListReaders(context, NULL, readers, &n), "SCardListReaders");
	const char *reader = with_card(context, readers);
	check(SCardConnect(context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol),
	      "SCardConnect");
	check(SCardBeginTransaction(card), "SCardBeginTransaction");
	transmit(card, protocol, select, sizeof select, resp, sizeof resp);

	uint64_t step = (uint64_t)time(NULL) / 30;
	BYTE *p = apdu;
	*p++ = 0, *p++ = 0xa2, *p++ = 0, *p++ = 1, *p++ = (BYTE)(id + 12);
	*p++ = 0x71, *p++ = (BYTE)id;
	memcpy(p, argv[1], id), p += id;
	*p++ = 0x74, *p++ = 8;
	for (int shift = 56; shift >= 0; shift -= 8)
		*p++ = (BYTE)(step >> shift);
	n = transmit(card, protocol, apdu, (DWORD)(p - apdu), resp, sizeof resp);
	if (n != 9 || resp[0] != 0x76 || resp[1] != 5) {
		fprintf(stderr, "no truncated answer\n");
		return 1;
	}
	uint32_t value = (uint32_t)resp[3] << 24 | (uint32_t)resp[4] << 16 | (uint32_t)resp[5] << 8 | resp[6];
	printf("%06u\n", (value & 0x7fffffff) % 1000000);

	check(SCardEndTransaction(card, SCARD_LEAVE_CARD), "SCardEndTransaction");
	check(SCardDisconnect(card, SCARD_LEAVE_CARD), "SCardDisconnect");
	check(SCardReleaseContext(context), "SCardReleaseContext");
	return 0;
}
