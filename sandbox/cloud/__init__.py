"""cloud.sandbox: a stand-in for the APIs of DigitalOcean, Linode and Lightsail whose servers are real ones here."""
