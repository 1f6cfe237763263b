"""Networks, what they minimise, and the one compiled loop that trains them."""
