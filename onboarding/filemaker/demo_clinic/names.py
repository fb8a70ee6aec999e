"""Names, places and contact details the demo clinic is made of. Nobody real is meant.

Phone numbers are those the ACMA keeps for fiction; mail addresses use reserved domains.
"""
# ruff: noqa: RUF001 - dashes, quotes and marks as people type them are the point

import unicodedata
from random import Random
from typing import Final

GIVEN_FEMALE = (
    *("Aisha", "Alice", "Amelia", "Ana", "Anh", "Beatrix", "Bridget", "Caitlín", "Charlotte"),
    *("Chloë", "Dorothy", "Edith", "Eleni", "Ella", "Esther", "Fatima", "Freya", "Grace", "Hana"),
    *("Harriet", "Heather", "Imogen", "Ingrid", "Isla", "Ivy", "Jacqueline", "Jedda", "Joan"),
    *("Kirra", "Layla", "Linh", "Lucía", "Mabel", "Maeve", "Margaret", "Mei", "Mia", "Miriam"),
    *("Noor", "Olive", "Olivia", "Pauline", "Phuong", "Priya", "Renée", "Rosa", "Ruby", "Saoirse"),
    *("Shirley", "Siobhán", "Sofia", "Sunita", "Tahlia", "Thi Mai", "Valmai", "Willow", "Zoë"),
)
GIVEN_MALE = (
    *("Aaron", "Ahmed", "Albert", "Alfie", "André", "Angus", "Arjun", "Arlo", "Banjo", "Björn"),
    *("Callum", "Clarence", "Colin", "Declan", "Dmitri", "Douglas", "Edward", "Finn", "François"),
    *("Gordon", "Haruto", "Hassan", "Henry", "Hugo", "Ian", "Jack", "Jarrah", "Jiří", "José"),
    *("Keith", "Kevin", "Lachlan", "Leo", "Levi", "Lionel", "Luca", "Malcolm", "Mateo", "Minh"),
    *("Neville", "Noah", "Oliver", "Omar", "Oscar", "Patrick", "Quang", "Ravi", "Reginald", "Rhys"),
    *("Samuel", "Søren", "Stavros", "Theo", "Trevor", "Tuan", "Walter", "Wei", "William", "Xavier"),
)
FAMILY = (
    *("Abbott", "Ahmadi", "Andersson", "Baker", "Banerjee", "Barnes", "Bianchi", "Boyle", "Brown"),
    *("Campbell", "Carter", "Castellanos", "Chen", "Chowdhury", "Clarke", "Costa", "D'Angelo"),
    *("Dang", "Davies", "de la Cruz", "Dimitriou", "Đặng", "Edwards", "El-Masri", "Evans"),
    *("Fitzgerald", "Fraser", "García", "Gallagher", "Georgiou", "Gibson", "Green", "Haddad"),
    *("Hall", "Hamilton", "Harris", "Hoang", "Hughes", "Ibrahim", "Ivanova", "Jackson", "Jensen"),
    *("Johnson", "Jones", "Kaur", "Kelly", "Khan", "Kim", "King", "Kowalczyk", "Kumar", "Lam"),
    *("Lawson", "Lê", "Lee", "Lewis", "Li", "Lindqvist", "Lopez", "MacDonald", "Mahoney", "Martin"),
    *("McCarthy", "McKenzie", "Mehta", "Miller", "Mitchell", "Morgan", "Müller", "Murphy"),
    *(
        "Nakamura",
        "Nelson",
        "Nguyen",
        "Nguyễn",
        "Novák",
        "O'Brien",
        "O’Connor",
        "Okafor",
        "O'Neill",
        "Özdemir",
    ),
    *("Papadopoulos", "Parker", "Patel", "Pereira", "Petrović", "Pham", "Phillips", "Quinn", "Rao"),
    *(
        "Reid",
        "Roberts",
        "Robinson",
        "Rossi",
        "Russo",
        "Ryan",
        "Sato",
        "Schäfer",
        "Scott",
        "Sharma",
    ),
    *("Silva", "Singh", "Smith", "Smith-Jones", "Stewart", "Sullivan", "Takahashi", "Taylor"),
    *("Thompson", "Tran", "Trần", "Turner", "van der Berg", "Vella", "Walker", "Walsh", "Watson"),
    *("White", "Williams", "Wilson", "Wong", "Wood", "Wright", "Yılmaz", "Young", "Zhang", "Zhou"),
)
PREFERRED = dict(
    (
        *(("Margaret", "Peg"), ("Edward", "Ted"), ("William", "Bill"), ("Charlotte", "Charlie")),
        *(("Jacqueline", "Jackie"), ("Samuel", "Sam"), ("Patrick", "Paddy"), ("Dorothy", "Dot")),
    )
)
PLACES = (
    *(("Ballarat", "VIC", "3350"), ("Bendigo", "VIC", "3550"), ("Brunswick", "VIC", "3056")),
    *(("Coburg", "VIC", "3058"), ("Footscray", "VIC", "3011"), ("Geelong", "VIC", "3220")),
    *(("Newcastle", "NSW", "2300"), ("Orange", "NSW", "2800"), ("Parramatta", "NSW", "2150")),
    *(("Penrith", "NSW", "2750"), ("Wollongong", "NSW", "2500"), ("Queanbeyan", "NSW", "2620")),
    *(("Belconnen", "ACT", "2617"), ("Cairns", "QLD", "4870"), ("Ipswich", "QLD", "4305")),
    *(("Toowoomba", "QLD", "4350"), ("Darwin", "NT", "0800"), ("Palmerston", "NT", "0830")),
    *(("Glenelg", "SA", "5045"), ("Norwood", "SA", "5067"), ("Hobart", "TAS", "7000")),
    *(("Launceston", "TAS", "7250"), ("Fremantle", "WA", "6160"), ("Mandurah", "WA", "6210")),
)
STREETS = (
    *("Acacia Ave", "Banksia St", "Boronia Rd", "Church St", "Correa Ct", "Grevillea Way"),
    *("Hakea Cl", "High St", "Jacaranda Dr", "Kurrajong Pde", "Lilly Pilly Ln", "Station St"),
    *("Tea Tree Cres", "The Esplanade", "Victoria Rd", "Waratah Tce", "Wattle Gr"),
)
_UNDECOMPOSED: Final = {0xD8: "O", 0xF8: "o", 0x110: "D", 0x111: "d", 0x131: "i"}
_AREA_CODES: Final = dict(
    zip(
        ("NSW", "ACT", "VIC", "TAS", "QLD", "SA", "WA", "NT"),
        ("02", "02", "03", "03", "07", "08", "08", "08"),
        strict=True,
    )
)
# The mobile numbers of https://www.acma.gov.au/phone-numbers-use-tv-shows-films-and-creative-works
_MOBILES = (
    *("0491570006", "0491570156", "0491570157", "0491570158", "0491570159", "0491570110"),
    *("0491570313", "0491570737", "0491571266", "0491571491", "0491571804", "0491572549"),
    *("0491572665", "0491572983", "0491573770", "0491573087", "0491574118", "0491574632"),
    *("0491575254", "0491575789", "0491576398", "0491576801", "0491577426", "0491577644"),
    *("0491578957", "0491578148", "0491578888", "0491579212", "0491579760", "0491579455"),
)
_MOBILE_SHAPES = (
    *("{0} {1} {2}", "{0}{1}{2}", "{0}-{1}-{2}", "{0} {1}{2}", "+61 {3} {1} {2}", "+61{3}{1}{2}"),
    *(" {0} {1} {2}", "{0}.{1}.{2}", "{0} {1} {2} "),
)
_LANDLINE_SHAPES = (
    *("({0}) {1} {2}", "{0} {1} {2}", "{0}{1}{2}", "({0}){1}{2}", "{0}-{1}-{2}", "{1} {2}"),
    *("+61 {3} {1} {2}", "0{3} {1}{2}", "{1}{2}"),
)


def landline_digits(rng: Random, state: str) -> str:
    """Return ten digits from the ranges kept for fiction in the state's area code."""
    exchange = rng.choice(("5550", "7010"))
    return f"{_AREA_CODES[state]}{exchange}{rng.randrange(10_000):04}"


def mobile_digits(rng: Random) -> str:
    """Return ten digits, one of the thirty mobile numbers kept for fiction."""
    return rng.choice(_MOBILES)


def written(rng: Random, digits: str, *, other_than: str = "") -> str:
    """Return a phone number as somebody typed it, in one of many spacings."""
    mobile = digits.startswith("04")
    first, second = (4, 7) if mobile else (2, 6)
    parts = (digits[:first], digits[first:second], digits[second:])
    shapes = _MOBILE_SHAPES if mobile else _LANDLINE_SHAPES
    while (text := rng.choice(shapes).format(*parts, parts[0][1:])) == other_than:
        pass
    return text


def ascii_letters(name: str) -> str:
    """Return a name's letters without marks, lower case, for mail addresses."""
    flat = unicodedata.normalize("NFKD", name.translate(_UNDECOMPOSED))
    return "".join(letter for letter in flat.lower() if letter.isascii() and letter.isalnum())


def medicare_number(rng: Random, *, valid: bool = True) -> str:
    """Return a Medicare number; its ninth digit is the check digit over the first eight.

    Weights 1 3 7 9 1 3 7 9, modulo 10; the first digit is 2 to 6, the tenth the issue number.
    """
    digits = [rng.randrange(2, 7), *(rng.randrange(10) for _ in range(7))]
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    check = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 10
    if not valid:
        check = (check + rng.randrange(1, 10)) % 10
    text = "".join(map(str, (*digits, check, rng.randrange(1, 4))))
    shape = rng.choice(("{0} {1} {2}", "{0}{1}{2}", "{0} {1}{2}", "{0}-{1}-{2}"))
    line = rng.choice(("", "", f" / {rng.randrange(1, 6)}", f"-{rng.randrange(1, 6)}"))
    return shape.format(text[:4], text[4:9], text[9:]) + line


def provider_number(rng: Random) -> str:
    """Return a Medicare provider number: six digits, a place, and the check letter.

    The digits weigh 3 5 8 4 2 1, the place 6; the remainder modulo 11 picks the letter.
    """
    stem = [2, *(rng.randrange(10) for _ in range(5))]
    place = rng.randrange(1, 10)
    total = sum(digit * weight for digit, weight in zip(stem, (3, 5, 8, 4, 2, 1), strict=True))
    return "".join(map(str, stem)) + str(place) + "YXWTLKJHFBA"[(total + place * 6) % 11]


def ndis_number(rng: Random) -> str:
    """Return nine digits in the range of NDIS participant numbers, as typed."""
    text = f"43{rng.randrange(10_000_000):07}"
    return rng.choice((text, text, f"{text[:3]} {text[3:6]} {text[6:]}", f"NDIS {text}"))
