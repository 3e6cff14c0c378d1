"""Workers that are killed, brokers that forget, workers that wake late: the mail is filed all the same, and once."""
