// Package pivkey is a client of the part of a YubiKey's PIV applet that an age identity needs: a P-256 key in a slot,
// the certificate beside it, and key agreement. It speaks to any Card that exchanges APDUs; it opens no readers.
//
// A Session is the selected applet. Key tells what is in a slot, FreeRetired finds an empty one, Generate makes a key in
// it after AuthenticateManagement, and ECDH uses that key, after VerifyPIN where its policy says so. Nothing that is on
// the key is overwritten, ever: Generate and WriteCertificate refuse a slot that is in use.
//
// Comments cite NIST SP 800-73-4 part 2 as "800-73", and for what Yubico added the pages "PIV APDUs" of the .NET SDK's
// user manual by the name of the command, as in "Get metadata".
//
// Whatever a card answers is parsed totally: a value, or an error that is ErrCorrupt. A hostile card can lie about its
// keys, but it cannot pass AuthenticateManagement without the management key.
package pivkey
