"""What people do, one function each: guards, change, audit and fact clock in one transaction. No Flask, no Redis."""
