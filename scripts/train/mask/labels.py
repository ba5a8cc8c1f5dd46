"""What some training pictures of masks show against the name of their folder, as seen by eye."""


def _names(folder, numbers):
    return {f"masks/{folder}/{number:04d}.jpg" for number in numbers}


# The mask ends below the nose, or hangs on the chin.
NOSE_OUT = _names("web/mask", (100, 108, 114, 137, 145, 181, 213, 220, 241, 243, 257, 259, 262)) | _names(
    "crops/mask",
    # one woman in twelve cuts (crops were turned, cut and coloured by those who made the set), and two of a man
    (45, 401, 714, 732, 786, 1318, 1347, 1517, 1540, 1709, 1780, 1992, 600, 1328),
) | _names("crops/bare", (24, 894, 1209, 1406, 1447, 1522))

# Neither state for certain: bare among the masked and masked among the bare, fruit before the mouth, a nose half out,
# drawings of few pixels, what shows no face.
UNSURE = (
    _names("web/mask", (82, 111, 195, 219, 221, 223, 228, 238, 240, 252))
    | _names("web/bare", (146,))
    | _names("crops/mask", (82, 339, 556, 761, 1084, 1361, 1431, 1434, 1755, 1945, 1985, 1176, 1817))
    | _names("crops/mask", (71, 538, 991, 1390, 1445, 1931))
    | _names("crops/mask", (543, 1009, 1383, 1544, 224, 921, 1223, 1419))
    | _names("crops/mask", (97, 251, 409, 484, 548, 561, 695, 815, 855, 1086, 1448, 1547))
    | _names("crops/mask", (643, 739, 806, 949, 1085, 1124, 1137, 1253, 1568, 1596, 1598, 1638, 1843))
    | _names("crops/bare", (386, 495, 1599, 1673, 1758))
)
