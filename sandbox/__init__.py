"""A laptop-sized internet for Slipway: servers, a registry, Docker Hub and Docker's apt repository, in Docker."""
