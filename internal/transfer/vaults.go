package transfer

// vaultFormats are those that can have a password. What looks like noise comes last.
func vaultFormats() []format {
	return []format{
		{name: "aegis", title: "Aegis", is: isAegis, read: readAegis, write: writeAegis},
		{name: "2fas", title: "2FAS", is: is2FAS, read: read2FAS, write: write2FAS, holds: fits2FAS},
		{title: "Ente Auth", is: isEnte, read: readEnte},
		{name: "bitwarden", title: "Bitwarden", is: isBitwarden, read: readBitwarden, write: writeBitwarden, holds: fitsBitwarden},
		{title: "1Password", is: is1Password, read: read1Password},
		{title: "PSKC", is: isPSKC, read: readPSKC},
		{title: "andOTP", is: isAndOTP, read: readAndOTP},
		{title: "andOTP", is: isAndOTPSealed, read: readAndOTPSealed},
	}
}
