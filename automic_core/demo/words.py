"""Word lists of the demo: names by language, streets, products. Everybody here is invented."""

from __future__ import annotations

FIRST_NAMES: dict[str, tuple[str, ...]] = {
    language: tuple(names.split())
    for language, names in {
        "de": "Anna Jürgen Lena Björn Käthe Felix Jörg Sophie Matthias Götz Ulrike Moritz",
        "fr": "Zoé François Amélie Hugo Chloé Jérôme Inès Benoît Léa Théo Margaux Éric",
        "nl": "Sanne Daan Femke Joris Lotte Thijs Noor Bram Renée Koen Maaike Zoë",
        "es": "Lucía José Carmen Andrés Sofía Iñigo Pilar Ángel Noemí Raúl Elena Víctor",
        "pt": "João Inês Tomás Conceição Rui Beatriz Luís Sónia Caio Débora Gonçalo Lívia",
        "it": "Giulia Marco Chiara Niccolò Elisa Matteo Noè Francesca Luca Serena Davide Paola",
        "pl": "Zofia Łukasz Agnieszka Paweł Michał Kinga Stanisław Bożena Jakub Wioletta Rafał Hanna",
        "cs": "Tereza Jiří Zdeňka Tomáš Eliška Ondřej Věra Radek Kateřina Václav Jana Matěj",
        "nordic": "Åsa Søren Ingrid Björn Märta Lars Jørgen Freja Håkon Sigrid Nils Elin",
        "en": "Emily James Siobhán Oliver Grace Thomas Zoë Henry Charlotte Seán Amelia George",
        "ja": "Yūki Haruto Sakura Kenji Aiko Shōta Naomi Ryō Hana Takumi Mei Daichi",
        "tr": "Ayşe Mehmet Gülşen Tuğba Elif Ömer Zeynep Uğur Deniz İbrahim Selin Göksu",
    }.items()
}

LAST_NAMES: dict[str, tuple[str, ...]] = {
    language: tuple(names.split())
    for language, names in {
        "de": "Müller Schmidt Großmann Köhler Weiß Becker Schäfer Vogel Böhm Lindner Jäger Hartmann",
        "fr": "Lefèvre Dubois Géraud Moreau Béranger Fournier Garçon Lambert Rivière Noël Chevalier Durand",
        "nl": "Jansen Bakker Visser Smit Meijer Mulder Dekker Dijkstra Vermeulen Koster Hoekstra Brouwer",
        "es": "García Núñez Hernández Ortiz Muñoz Vázquez Romero Gutiérrez Ibáñez Castro Peña Ramírez",
        "pt": "Silva Gonçalves Araújo Magalhães Ferreira Simões Conceição Pacheco Assunção Barros Falcão Teixeira",
        "it": "Rossi Ferrari Esposito Niccolai Bianchi Nicolò Greco Conti Marchetti Rinaldi Galli Fontana",
        "pl": "Kowalski Wójcik Zieliński Mazur Dąbrowski Gołębiewski Nowak Król Piątek Sikora Wróbel Jabłoński",
        "cs": "Novák Dvořák Černý Procházka Kučera Veselý Horák Němec Pokorný Růžička Beneš Fiala",
        "nordic": "Sjöberg Ødegård Lindström Nygaard Åkesson Dahl Sørensen Bergqvist Holm Jørgensen Wåhlin Krogh",
        "en": "Smith Walker O'Brien Hughes Fletcher Harris Byrne Cooper Whitfield Murphy Bennett Ashworth",
        "ja": "Satō Suzuki Itō Tanaka Kobayashi Ōno Yamamoto Katō Nakamura Endō Mori Shimizu",
        "tr": "Özdemir Öztürk Kaya Şahin Çelik Doğan Gündüz Güneş Koç Erdoğmuş Arslan Ünal",
    }.items()
}

STREETS = (
    "Station Road",
    "Rue du Moulin",
    "Lindenallee",
    "Calle Mayor",
    "Via Garibaldi",
    "Rua das Flores",
    "Parkgatan",
    "Mill Lane",
    "Bergstraße",
    "Avenue de la Gare",
    "Ulica Długa",
    "Kerkstraat",
    "Harbour Street",
    "Plaza Nueva",
    "Sakura-dōri",
    "Atatürk Caddesi",
)

SEGMENTS = ("consumer", "small business", "enterprise")

BRANDS = ("Nordlys", "Café Azul", "Holzhaus", "Montclair", "Brightway", "Kumo", "Señorío", "Verdigris")

# category -> lowest and highest price in euros, nouns
CATEGORIES: dict[str, tuple[float, float, tuple[str, ...]]] = {
    "Coffee & Tea": (4, 40, ("Espresso Beans", "Crème Blend", "Green Sencha", "Chai Mix", "Filter Roast")),
    "Kitchen": (9, 160, ("Fondue Set", "Crêpe Pan", "Bread Knife", "Kettle", "Salad Bowl")),
    "Outdoor": (15, 420, ("Tent", "Sleeping Bag", "Trail Lamp", "Canteen", "Hiking Poles")),
    "Furniture": (60, 2400, ("Oak Table", "Chaise Longue", "Bookcase", "Standing Desk", "Armchair")),
    "Electronics": (25, 1900, ("Headphones", "Projector", "Weather Station", "Tablet", "Soundbar")),
}

ADJECTIVES = ("Classic", "Compact", "Grand", "Alpine", "Urban", "Petite", "Royal", "Eco")
