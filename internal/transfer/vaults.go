package transfer

// vaultFormats are those that can have a password. What looks like noise comes last.
func vaultFormats() []format {
	return []format{
		{title: "Aegis", is: isAegis, read: readAegis},
		{title: "2FAS", is: is2FAS, read: read2FAS},
		{title: "Ente Auth", is: isEnte, read: readEnte},
		{title: "Bitwarden", is: isBitwarden, read: readBitwarden},
		{title: "1Password", is: is1Password, read: read1Password},
		{title: "PSKC", is: isPSKC, read: readPSKC},
		{title: "andOTP", is: isAndOTP, read: readAndOTP},
		{title: "andOTP", is: isAndOTPSealed, read: readAndOTPSealed},
	}
}
