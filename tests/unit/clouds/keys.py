"""Public keys for tests, of which nobody has the private half."""

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIILGNfZU/WlHHEDaxHYUcMaXi5WbtXoizEHFaJd6kWXI ada@example.com"
