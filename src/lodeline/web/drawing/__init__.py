"""The drawing room: plain values in, markup out, the same bytes every time.

Each module draws one thing and takes one frozen value that says all of it: names in the reader's language, masses
in whole milligrams, addresses of the rows behind a mark. A drawing of nothing is `NOTHING`, the empty string: the
page says in words that there is nothing. Classes are those of `static/lodeline/drawing.css`. A table with the same
figures stands beside each drawing; on a narrow screen the table stands instead of a flow (`d-wide` around the drawing
hides it there), and a chart is drawn a second time for that width (`d-narrow`).
"""
