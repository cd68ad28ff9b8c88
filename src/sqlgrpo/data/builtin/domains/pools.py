"""Values that several schemas share; all made up or common knowledge."""

from __future__ import annotations

POOLS: dict[str, tuple[str, ...]] = {
    "person": (
        "Ada Brandt", "Amir Castel", "Anya Petrov", "Bela Novak", "Carla Mendes", "Chidi Okoye",
        "Dora Lindqvist", "Elif Aydin", "Emil Fischer", "Farah Nasser", "Gita Rao", "Hugo Martel",
        "Ines Duarte", "Ivo Marek", "Jonas Weber", "Kenji Mori", "Lena Vogel", "Marta Silva",
        "Nadia Haddad", "Omar Said", "Paul Ziegler", "Rosa Campos", "Sven Dahl", "Tara Quinn",
        "Umar Bello", "Vera Sokol", "Wim de Boer", "Yuki Tanaka", "Zoe Harper", "Luca Ferri",
    ),
    "surname": (
        "Abbott", "Becker", "Costa", "Dubois", "Eriksen", "Fontana", "Garcia", "Hansen", "Ito",
        "Jansen", "Kowalski", "Larsen", "Moreau", "Nguyen", "Oliveira", "Patel", "Rossi", "Schmidt",
        "Tamura", "Vasquez",
    ),
    "city": (
        "Lisbon", "Oslo", "Quito", "Nairobi", "Kyoto", "Turin", "Ghent", "Porto", "Lyon", "Tampere",
        "Bergen", "Cusco", "Hanoi", "Dakar", "Split", "Leeds", "Austin", "Perth", "Izmir", "Pune",
    ),
    "country": (
        "Portugal", "Norway", "Ecuador", "Kenya", "Japan", "Italy", "Belgium", "France", "Finland",
        "Peru", "Vietnam", "Senegal", "Croatia", "Turkey", "India", "Canada",
    ),
    "street": (
        "Mill Lane", "Harbour Road", "Station Street", "Oak Avenue", "Castle Hill", "River Walk",
        "Market Square", "Garden Row", "North Street", "Bridge Road",
    ),
    "month": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    "weekday": (
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ),
    "colour": ("red", "blue", "green", "black", "white", "silver", "yellow"),
    "level": ("beginner", "intermediate", "advanced"),
    "language": (
        "English", "French", "Spanish", "German", "Italian", "Japanese", "Arabic", "Hindi",
    ),
}  # fmt: skip
