"""What people install in their mail clients: the Outlook add-in's manifest, and where it is fetched from."""
