"""The city as other programs read it: tables with columns, geometry and the origin of each row.

`contents` says what each layer is as a table, `geometry` makes shapes of it, `writing` writes
files, `rdls` describes the city as a data set.
"""
