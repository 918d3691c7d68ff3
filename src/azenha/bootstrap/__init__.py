"""The only package that names every concrete class: it puts the programs together, one module a program.

`serving` is `azenha serve`: it supervises a web tier (`web`) and a worker (`worker`); the worker starts warm parents
or spawned children (`children`). `catalogue` finds out what is offered, `folder` opens the data folder, `parts` is
what the programs have in common. Each program loads no more than what it needs, so imports are made in functions.
"""
