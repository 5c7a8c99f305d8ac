"""Other people's services. Each client takes an httpx.Client and translates foreign errors once."""
