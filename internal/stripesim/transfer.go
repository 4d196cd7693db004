package stripesim

// bankTransferTypes are the kinds of bank transfer by currency that the sandbox models.
var bankTransferTypes = map[string]string{"usd": "us_bank_transfer", "eur": "eu_bank_transfer"}
