"""Words that names of people and postal addresses are told by."""

from __future__ import annotations

_GIVEN = """
    aaron abdul abigail adam adrian agnieszka ahmed aisha alan albert alejandro alessandro alex alexander alexandra
    alice alicia ali amanda amber amy ana anders andrea andreas andrew angela anita anja anna anne antonio anthony
    arthur astrid barbara beatriz ben benjamin bernard betty bill bob brandon brenda brian bruce camille carl carla
    carlos carmen carol caroline catherine charles charlotte chloe chris christian christina christine christopher
    claire claudia clara craig cynthia daniel daniela danielle david deborah dennis diana diane diego dieter dmitri
    dominic donald donna dorothy douglas edward elena elisabeth elizabeth ella emily emma eric erik ethan eva evelyn
    fatima felix fernando fiona frances francesco francisco frank frederick gabriel gary george gerald gerard
    giovanni giulia giuseppe gloria grace greg gregory guillaume hannah hans harold harry hassan heather helen
    helena henry hiroshi ian ibrahim igor ines ingrid irene isabel isabella ivan jack jacob jacqueline jakub james
    jan jane janet jason javier jean jeff jeffrey jennifer jens jeremy jerry jessica jesus jim joan joe joel johan
    johann john jonathan jorge jose joseph joshua juan judith judy julia julian julie jurgen justin karen karin karl
    katarzyna kate katherine kathleen kathryn kelly kenneth kevin kim klaus krzysztof kumar kyle larry lars laura
    lauren laurent lawrence leon leonard liam linda lisa li louis louise luca lucas lucia lucy luis luisa lukas
    magdalena manuel marco margaret maria marie mario mark marta martha martin martina mary mason mateusz matteo
    matthew max megan mehmet mei melissa mia michael michel michelle miguel mike mohamed mohammad mohammed monica
    monika nancy natalia natalie nathan nicholas nick nicolas nicole nina noah nora olga oliver olivia oscar pablo
    pamela paolo patricia patrick paul paula pedro peter petra philip philippe pierre piotr rachel rafael raj ralph
    raymond rebecca renate ricardo richard rita robert roberto robin roger roland ronald rosa rose roy russell ruth
    ryan sabine sam samantha samuel sandra sara sarah scott sean sebastian sergei sergio sharon shirley simon sofia
    sophia sophie stefan stefano stephanie stephen steve steven susan susanne suresh svetlana sylvia takashi tanya
    teresa terry theo theresa thomas tim timothy todd tom tomasz tony tyler ursula valentina vanessa vera victor
    victoria vincent virginia vladimir walter wanda wang wayne wei werner william wolfgang yasmin yuki yusuf zachary
    zoe
    """
GIVEN_NAMES: frozenset[str] = frozenset(_GIVEN.split())
"""Frequent given names of several languages, without accents."""

_NAMES = """
    firstname lastname surname fullname forename givenname familyname middlename nickname contactname customername
    employeename personname vorname nachname nom prenom apellido apellidos nombre cognome sobrenome maiden
    """
NAME_WORDS: frozenset[str] = frozenset(_NAMES.split())
"""Words in the name of a column of people's names; "name" alone proves little."""

_STREETS = """
    street st avenue ave road rd boulevard blvd lane ln drive dr court ct square sq highway hwy terrace place pl way
    circle parkway pkwy close crescent apt suite rue chemin allee via viale piazza corso calle avenida carrera plaza
    rua travessa ulica ul
    """
STREET_WORDS: tuple[str, ...] = tuple(_STREETS.split())
"""Words for streets that stand alone in an address."""
