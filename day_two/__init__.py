"""What `fab` does on servers between two deploys. Hosts, users, keys and host keys come from the Ansible inventory."""
