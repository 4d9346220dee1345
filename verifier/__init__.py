"""The public side: answers every scan with an honest verdict, and loses none. Faces the Internet with a narrow role."""
