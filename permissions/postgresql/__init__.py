"""Django's PostgreSQL backend, which tells the database in each transaction whose rows it may touch."""
