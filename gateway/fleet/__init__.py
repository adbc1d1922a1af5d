"""Several gateways that belong together: what each has to send to the others, and what is known of them all."""
