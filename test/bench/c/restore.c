/* The least that writes accounts to a key over PC/SC and asks each for an answer: what ykmfa restore is measured against.
 * Lines "ID HEX-SECRET" on stdin; the first reader with a card; SELECT, LIST, and for each line PUT and CALCULATE.
 *   cc -O2 $(pkg-config --cflags libpcsclite) restore.c -lpcsclite */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

static SCARDHANDLE card;
static const SCARD_IO_REQUEST *pci;

static void check(LONG rv, const char *call)
{
	if (rv != SCARD_S_SUCCESS) {
		fprintf(stderr, "%s: %08lx\n", call, (unsigned long)rv);
		exit(1);
	}
}

static void transmit(const BYTE *apdu, DWORD n)
{
	BYTE resp[258];
	DWORD size = sizeof resp;
	check(SCardTransmit(card, pci, apdu, n, NULL, resp, &size), "SCardTransmit");
	if (size < 2 || resp[size - 2] != 0x90 || resp[size - 1] != 0) {
		fprintf(stderr, "the card refused\n");
		exit(1);
	}
}

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

/* account sends PUT (TOTP, SHA-1, six digits) and CALCULATE with a whole answer. */
static void account(const char *id, const char *hex)
{
	BYTE apdu[5 + 2 + 64 + 2 + 2 + 64], *p = apdu + 5;
	BYTE n = (BYTE)strlen(id), size = (BYTE)(strlen(hex) / 2);
	*p++ = 0x71, *p++ = n;
	memcpy(p, id, n), p += n;
	BYTE *rest = p;
	*p++ = 0x73, *p++ = size + 2, *p++ = 0x21, *p++ = 6;
	for (BYTE i = 0; i < size; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			exit(1);
		*p++ = (BYTE)byte;
	}
	apdu[0] = 0, apdu[1] = 0x01, apdu[2] = 0, apdu[3] = 0, apdu[4] = (BYTE)(p - apdu - 5);
	transmit(apdu, (DWORD)(p - apdu));

	p = rest;
	*p++ = 0x74, *p++ = 8;
	for (int i = 0; i < 8; i++)
		*p++ = (BYTE)rand();
	apdu[1] = 0xa2, apdu[4] = (BYTE)(p - apdu - 5);
	transmit(apdu, (DWORD)(p - apdu));
}

int main(void)
{
	static const BYTE select[] = {0, 0xa4, 4, 0, 7, 0xa0, 0, 0, 5, 0x27, 0x21, 1};
	static const BYTE list[] = {0, 0xa1, 0, 0, 0};
	char readers[2048], id[65], hex[129];
	SCARDCONTEXT context;
	DWORD protocol, n = sizeof readers;
	check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context), "SCardEstablishContext");
	check(SCardListReaders(context, NULL, readers, &n), "SCardListReaders");
	check(SCardConnect(context, with_card(context, readers), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
			   &card, &protocol), "SCardConnect");
	pci = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	check(SCardBeginTransaction(card), "SCardBeginTransaction");
	transmit(select, sizeof select);
	transmit(list, sizeof list);
	while (scanf("%64s %128s", id, hex) == 2)
		account(id, hex);
	check(SCardEndTransaction(card, SCARD_LEAVE_CARD), "SCardEndTransaction");
	check(SCardDisconnect(card, SCARD_LEAVE_CARD), "SCardDisconnect");
	check(SCardReleaseContext(context), "SCardReleaseContext");
	return 0;
}
