// Package oath is a client of the OATH applet of YubiKeys and of other cards that have it: one-time passwords by
// counter (HOTP, RFC 4226) and by time (TOTP, RFC 6238) whose secrets never leave the card.
//
// A Card is anything that exchanges APDUs; *Session speaks the applet's commands over it, one method per command.
// The package has no clock, and its only randomness, the host challenge, can be given through Session.Rand. It does
// not open readers: see package pcsc for that, or use any *scard.Card.
//
// Section numbers (§) in comments refer to Yubico's page "YKOATH Protocol Specification", "PUT" to its instruction of
// that name. Where devices differ from the page, the comment says which device was followed.
//
// # Reading codes
//
// Select opens the applet. A session that is Locked needs Validate with the key that DeriveKey makes of the password
// and the Salt. Code then gives the digits of one credential, in one command.
//
// # Trust
//
// Whatever a card answers is parsed totally: a value or an error that wraps ErrCorrupt. Credential ids are bytes that
// the card chose; do not print them before you have made them harmless. A hostile card can always lie about codes, but
// it cannot pass Validate without the access key.
package oath
