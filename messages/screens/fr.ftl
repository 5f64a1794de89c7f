# Les écrans d'un nœud, en français. messages/screens/en.ftl a les mêmes messages, avec les mêmes variables ; web/src les nomme.

## Communs.

close = Fermer
cancel = Annuler
opening = Un instant…
duration-seconds = { $number } s
duration-minutes = { $number } min
duration-hours = { $number } h
duration-days = { $number } j
not-a-price = Un montant, par exemple 12,50
not-a-quantity = Une quantité, par exemple 2 ou 0,5
not-a-discount = Une remise, par exemple 10

## Le cadre : où aller, l'état, qui est là.

nav-label = Écrans
nav-skip = Aller au contenu
nav-till = Caisse
nav-receipts = Tickets
nav-queue = File d'envoi
menu-label = Réglages et session
menu-language = Langue
menu-theme = Apparence
menu-theme-auto = Auto
menu-theme-light = Clair
menu-theme-dark = Sombre
menu-lock = Verrouiller
menu-sign-out = Se déconnecter
menu-unsent = { $number } opérations attendent d'être envoyées. Elles restent au nœud et partiront sans vous.
state-up-to-date = À jour
state-sending = Envoi en cours ({ $number })
state-waiting = En attente : { $number }
state-waiting-since = En attente : { $number }, depuis { $age }
state-offline = Hors ligne – vous pouvez continuer
state-offline-pending = Hors ligne – vous pouvez continuer ({ $number } en attente)
state-action = Action requise : { $number }
state-starting = Connexion…
state-unreached = Poste injoignable
state-unreached-detail = Le nœud de la boutique ne répond pas. Rien ne peut être enregistré tant qu'il ne revient pas ; ce qui est à l'écran est gardé ici.

## Ce qui peut échouer, avec la suite.

problem-unreachable = Le nœud ne répond pas. Vérifiez qu'il est allumé ; l'écran réessaie tout seul de le joindre.
problem-unauthorized = La session est finie. Reconnectez-vous.
problem-locked = L'écran est verrouillé. Déverrouillez-le avec votre code.
problem-password-required = Le code ne suffit pas cette fois : entrez le mot de passe.
problem-too-many = Trop d'essais. Attendez un peu, puis recommencez.
problem-forbidden = Vous n'avez pas ce droit. Demandez à un responsable.
problem-disk-full = Le disque de la boutique est plein : rien n'a été enregistré. Libérez de la place, puis recommencez.
problem-read-only = Le journal de la boutique n'accepte plus rien : rien n'a été enregistré. Appelez l'assistance.
problem-busy = Le nœud a trop à faire. Recommencez dans un instant.
problem-changed = Quelqu'un d'autre a été plus rapide. La liste est à jour.
problem-not-found = Cela n'existe plus.
problem-revoked = Ce nœud a été révoqué par le siège. Appelez-le.
problem-other = Cela n'a pas fonctionné. Rien n'a été enregistré.

## Se connecter.

session-title = Ouvrir ce poste
session-who = Qui êtes-vous ?
session-login = Identifiant
session-way = Comment
session-pin = Code
session-password = Mot de passe
session-erase = Effacer
session-enter = Entrer
session-refused = Refusé. Vérifiez ce que vous avez saisi. Après cinq codes faux, seul le mot de passe ouvre ; après plusieurs essais il faut attendre un peu.
session-with-key = Avec une clé locale
session-key = Clé locale
session-key-hint = « comptoir key create » en crée une. Avec « make run », elle est dans comptoir-data/till.header.
session-locked = Écran verrouillé
session-locked-by = Écran verrouillé par { $name }
pin-title = Choisir mon code
pin-new = Nouveau code, 4 à 8 chiffres
pin-wrong = 4 à 8 chiffres
pin-save = Enregistrer le code
session-other = Quelqu'un d'autre

## La caisse.

till-find = Trouver un article
till-search = Scannez, ou cherchez un nom, un code
till-products = Articles
till-loading = Les articles arrivent…
till-no-products = Aucun article
till-no-products-next = Le siège n'en a pas encore envoyé. Un code scanné se vend quand même, au prix que vous saisissez.
till-nothing-found = Rien pour « { $typed } »
till-nothing-found-next = Entrée le vend comme code inconnu, au prix que vous saisissez.
till-no-price = sans prix
till-said = { $name } : { $quantity }
till-prices-changed = Le siège a changé le prix de { $number } articles. Les lignes déjà saisies gardent le leur.
till-recording = Enregistrement…
till-not-recorded = Cette vente n'est pas confirmée
till-not-recorded-next = Le ticket sortira quand le nœud aura répondu. Renvoyer ne peut pas la compter deux fois.
till-send-again = Renvoyer
unknown-title = Code inconnu : { $code }
unknown-unpriced = Sans prix : { $name }
unknown-detail = Aucun article n'a ce code. Vous pouvez le vendre au prix que vous saisissez ; le siège verra le code tel quel.
unknown-name = Désignation
unknown-price = Prix ({ $currency })
unknown-add = Ajouter
cart-label = Panier
cart-lines = Lignes du panier
cart-empty = Le panier est vide
cart-empty-next = Scannez un article, ou tapez son nom. « 3*code » en ajoute trois.
cart-edit = Modifier { $name }
cart-less = Un de moins : { $name }
cart-more = Un de plus : { $name }
cart-remove = Retirer { $name }
cart-each = { $quantity } × { $price }
cart-discount = remise { $amount }
cart-total =
    { $pieces_count ->
        [0] Total
        [one] Total, { $pieces } ligne
       *[other] Total, { $pieces } lignes
    }
cart-tax = dont TVA { $rate } % : { $amount }
cart-hold = Mettre en attente
cart-held = Reprendre
cart-held-count = Reprendre ({ $number })
cart-pay = Encaisser
line-quantity = Quantité
line-discount = Remise
line-discount-kind = Remise en
line-discount-too-much = Plus que la ligne
line-total = Ligne
line-remove = Retirer la ligne
line-save = Valider
stock-unknown = Stock inconnu ici
stock-known = En stock : { $quantity } (connu à { $at })
stock-waiting = { $quantity } vendus en attente d'envoi
hold-title = Mettre le panier en attente
hold-label = Un mot pour le retrouver
held-title = Paniers en attente
held-none = Aucun panier n'attend
held-busy = Finissez ou mettez en attente le panier en cours avant d'en reprendre un autre.
held-unnamed = Sans nom
held-recall = Reprendre
held-line =
    { $lines_count ->
        [one] { $at }, { $lines } ligne
       *[other] { $at }, { $lines } lignes
    }

## L'encaissement.

tender-title = Encaissement
tender-due = À payer
tender-rest = Reste à payer
tender-method = Mode de paiement
tender-given = Reçu en espèces
tender-amount = Montant
tender-quick = Montants courants
tender-change = Rendu
tender-remains = Il restera { $amount }
tender-exact = Le compte est bon
tender-too-much = Plus que ce qui est dû : seules les espèces se rendent
tender-add = Ajouter ce paiement
tender-record = Enregistrer la vente
tender-remove = Retirer : { $method }
method-cash = Espèces
method-card = Carte
method-cheque = Chèque
method-account = En compte
done-label = Vente enregistrée
done-recorded = Enregistrée
done-number = Ticket { $number }
done-given = sur { $amount }
done-next = Vente suivante
done-unread = La vente est enregistrée, mais le ticket ne se lit pas.

## Les tickets.

receipt-label = Ticket
receipt-print = Imprimer
receipt-missing = Aucun ticket { $number } dans le journal de ce poste.
receipt-failed = Le siège n'a pas laissé cette vente prendre effet :
receipts-find = Numéro du ticket, ou scannez son code
receipts-open = Ouvrir
receipts-none = Aucune vente
receipts-none-next = La première vente de ce poste paraîtra ici.
receipts-number = Ticket
receipts-at = Le
receipts-lines = Articles
receipts-amount = Montant
receipts-state = État
receipts-more = Plus anciens
status-acked = Au siège
status-sending = En route
status-failed = À examiner
status-pending = En attente
paper-sale = Ticket de caisse
paper-refund = Remboursement
paper-lines = Lignes
paper-total = Total
paper-refunded = Remboursé
paper-tax = dont TVA { $rate } %
paper-reason = Motif : { $reason }
paper-code = Code qui prouve ce ticket
paper-proof = Scannez pour vérifier ce ticket
refund-title = Rembourser
refund-of = Rembourser le ticket { $number }
refund-list = Remboursements
refund-nothing-left = Tout est remboursé
refund-left = encore { $quantity } à rembourser
refund-all = Tout
refund-too-many = Plus qu'il n'en reste
refund-reason = Motif (obligatoire)
refund-due = À rendre au client
refund-record = Enregistrer le remboursement
refund-incomplete = Le journal est long : un remboursement plus récent peut manquer dans ce calcul. Le siège vérifiera.

## La file d'envoi.

queue-title = File d'envoi
queue-waiting = Ce qui attend d'être envoyé
queue-empty = Tout est envoyé
queue-empty-next = Chaque opération de ce poste est arrivée au siège.
queue-what = Quoi
queue-since = Depuis
queue-who = Par
queue-more = et { $number } autres
fact-screen = Cet écran et le poste
fact-screen-reached = Le nœud de la boutique répond.
fact-screen-lost = Sans réponse depuis { $at }. Rien ne peut être enregistré.
fact-central = Le poste et le siège
fact-central-off = La synchronisation est arrêtée par réglage.
fact-central-lost = Le siège ne répond pas. Vous pouvez continuer : le poste réessaie tout seul.
fact-central-never = Aucun contact encore.
fact-central-unknown = Pas encore de contact.
fact-central-reached = Le siège répond.
fact-queue = La file
fact-queue-none = en attente
fact-queue-oldest = en attente, la plus ancienne depuis { $age }
fact-queue-review = { $number } à examiner par une personne
notifications-title = À savoir
notifications-seen = Vu
action-sale = Vente
action-refund = Remboursement
action-reception = Réception
action-delivery = Livraison validée
action-invoice = Facture
action-audit = Trace
action-create = Création
action-update = Modification

## La page de tous les composants.

ui-title = Composants
ui-colours = Couleurs
ui-buttons = Boutons
ui-fields = Champs
ui-messages = Messages
ui-icons = Icônes
ui-dialog = Dialogue
ui-dialog-open = Ouvrir le dialogue

## La démonstration : couper la boutique du siège.

demo-connected = Démonstration : cette boutique est reliée au siège. Coupez la liaison et continuez à vendre.
demo-cut = Démonstration : la liaison avec le siège est coupée. Tout ce que vous faites attend ici et partira au retour.
demo-cut-action = Couper la liaison
demo-connect-action = Rétablir la liaison

## Les livraisons.

nav-deliveries = Livraisons
deliveries-title = Livraisons
deliveries-scan = Scanner un bon
deliveries-whose = Quelles livraisons
deliveries-mine = Les miennes
deliveries-all = Toutes
deliveries-todo = À livrer
deliveries-later = Les jours suivants
deliveries-done = Faites aujourd'hui
deliveries-none = Aucune livraison aujourd'hui
deliveries-none-next = Elles arrivent ici dès que le siège les crée.
deliveries-all-done = Tout est livré
deliveries-all-done-next = Il ne reste aucun arrêt pour aujourd'hui.
stop-validated = Validée
stop-waiting = Validée ici, envoi en attente
stop-outdone = Un autre était premier
stop-review = À vérifier par le siège
stop-cancelled = Annulée
stop-back = Toutes les livraisons
stop-lines = Marchandise
stop-comment = Remarque
stop-add-proof = Ajouter une preuve ou une remarque
stop-missing = Il manque : { $what }. Si ce n'est pas possible ici, expliquez-le dans la remarque.
stop-lines-wrong = Une ligne n'est pas complète : quantité et motif.
stop-validate = Valider la livraison
stop-validate-partly = Valider en partie
line-delivered = Livré
line-refused = Refusé
line-damaged = Abîmé
line-missing = Manquant
line-how-many = Combien
line-reason = Motif
line-too-many = De 1 à { $most }
line-reason-missing = Dites pourquoi
proof-qr = Code du bon
proof-name = Reçu par
proof-signature = Signature
proof-photo = Photo
proof-position = Position
code-scanned = Code scanné
code-typed = Code saisi à la main
code-read = Scanner ou saisir le code
code-again = Relire le code
signature-empty = Zone de signature, vide
signature-there = Signature enregistrée
signature-by-name = Écrire le nom
signature-clear = Effacer
photo-take = Prendre une photo
photo-again = Reprendre
photo-remove = Retirer
photo-taken = La photo prise
photo-unreadable = Ce fichier n'est pas une image lisible.
position-take = Noter la position
position-again = Noter de nouveau
position-refused = Le navigateur refuse la position. Autorisez-la dans ses réglages, ou expliquez-le dans la remarque.
position-unsupported = Cet appareil ne donne pas de position ici. Expliquez-le dans la remarque.
position-unknown = Position introuvable pour le moment. Essayez dehors, ou expliquez-le dans la remarque.
scan-title = Scanner un code
scan-picture = Image de la caméra
scan-looking = Placez le code dans l'image.
scan-unreadable = Code illisible ? Approchez ou reculez, aplatissez le papier, allumez la lampe, ou saisissez le code.
scan-torch = Lampe
scan-other-camera = Autre caméra
scan-typed = Code saisi à la main
scan-typed-hint = Les six derniers caractères imprimés sous le code suffisent, ou le numéro du bon.
scan-use = Chercher
scan-sparing = Mode économie : la caméra reste éteinte. Le code peut être saisi.
scan-camera-anyway = Allumer la caméra
scan-insecure = La caméra demande une adresse en https. Saisissez le code imprimé.
scan-refused = La caméra est refusée à cette page. Autorisez-la dans le navigateur, ou saisissez le code imprimé.
scan-none = Cet appareil n'a pas de caméra. Saisissez le code imprimé.
scan-busy = La caméra ne répond pas ; une autre application l'utilise peut-être. Saisissez le code imprimé.
scan-other-stop = Ce code est celui d'un autre arrêt : { $other }.
scan-not-this-stop = Ce code n'est pas celui de cette livraison.
verdict-next = Continuer
verdict-anyway = Livrer quand même
verdict-somebody = quelqu'un
verdict-other-user = un autre utilisateur ({ $id })
verdict-by = Validée par { $by }.
verdict-by-at = Validée par { $by }, à { $at }.
verdict-by-at-place = Validée par { $by }, à { $at }, au point { $place }.
verdict-done = Livraison validée
verdict-done-next = Le siège l'a enregistrée.
verdict-here = Validée ici
verdict-here-next = Envoi en attente. Vous pouvez continuer : rien ne se perd.
verdict-already = Déjà validée
verdict-already-next = Ne la livrez pas une deuxième fois. En cas de doute, appelez le siège.
verdict-outdone = Un autre était premier
verdict-outdone-next = Votre validation reste au journal et ne compte pas.
verdict-review = À vérifier par le siège
verdict-review-next = Le siège a reçu la validation et la vérifie avant qu'elle compte.
verdict-cancelled = Livraison annulée
verdict-cancelled-next = Le siège l'a annulée. Rapportez la marchandise.
verdict-site = Pas pour ce site
verdict-site-next = Cette livraison est celle d'un autre site.
verdict-driver = Pour un autre chauffeur
verdict-driver-next = Elle est confiée à { $driver }.
verdict-unknown = Code inconnu
verdict-unknown-detail = « { $code } » n'est le code d'aucune livraison connue ici.
verdict-unknown-known = Livraisons connues au { $at }. Une livraison plus récente peut manquer.

## Le téléphone du chauffeur, sur la route.

driver-title = Livraisons sur la route
driver-settings = Réglages et session
driver-unreached = Le siège ne répond pas. Il faut du réseau pour cette étape ; réessayez dans un instant.
driver-enrolment-invalid = Ce code est inconnu, déjà utilisé ou périmé. Demandez-en un nouveau au siège.
driver-device-limit = Trois appareils sont déjà à ce nom. Le siège doit d'abord en révoquer un.
driver-not-enrolled = Ce téléphone n'est pas inscrit pour cet utilisateur.
driver-full = Le téléphone est plein : rien n'a été enregistré. Libérez de la place, puis validez de nouveau.
driver-label-phone = Téléphone
driver-label-browser = Navigateur
driver-unsupported = Ce navigateur ne convient pas : il faut une adresse en https et une version récente de Chrome, Firefox ou Safari.
driver-enrol = Le siège vous donne un code, valable une seule fois. Il lie ce téléphone à votre compte.
driver-enrol-scan = Scanner le code
driver-enrol-code = Ou saisir le code
driver-enrol-go = Inscrire ce téléphone
driver-enrol-hint = Le code commence par cpe_.
driver-no-code = Ce n'est pas un code d'inscription : il commence par cpe_.
driver-wiped = Le siège a révoqué ce téléphone. Ce qui était enregistré a été remis au siège, et les données sont effacées d'ici.
driver-waiting-login = { $number } en attente sur ce téléphone : envoi dès que vous entrez.
driver-sparing = Mode économie : pas de recherche automatique, caméra éteinte, écran sombre. Les validations s'envoient quand vous ouvrez l'écran ou validez.
driver-grace = Plus de 72 heures sans contact : connectez-vous avec du réseau avant de valider. Ce qui est enregistré reste ici.
driver-login-ends = Votre session se termine bientôt : déconnectez-vous et entrez de nouveau tant que vous avez du réseau.
driver-new-version = Une nouvelle version est prête.
driver-reload = Recharger
driver-loading = Premier chargement : { $number } lignes…
driver-send-now = Envoyer maintenant
driver-line = Le siège répond.
driver-line-lost = Hors ligne : vous pouvez continuer, le téléphone réessaie tout seul.
driver-queue-empty-next = Chaque validation de ce téléphone est arrivée au siège.
driver-attempts = Essais : { $number }
driver-export = Exporter dans un fichier
driver-files = Photos et signatures encore à envoyer : { $number }
driver-refused = Le siège a refusé : { $reason }
driver-out-waiting = { $number } en attente d'envoi. Elles restent sur ce téléphone et partent à votre prochaine connexion.
driver-out-anyway = Se déconnecter quand même
driver-power = Batterie
driver-power-detail = En dessous de 20 %, l'écran passe de lui-même en mode économie, si le navigateur montre la batterie.
driver-power-on = Économie
driver-power-off = Normal
driver-appearance = Langue et apparence
driver-phone = Ce téléphone
driver-persisted = Le navigateur garde les données de cette page.
driver-not-persisted = Ajoutez cette page à l'écran d'accueil : sans cela, le navigateur peut effacer ses données après une semaine sans visite.

## Où aller selon ce qu'on peut faire.

nav-receptions = Réceptions
nav-stock = Stock
nav-invoices = Factures
nav-clients = Clients
nav-more = Plus
place-not-offered = { $name } : ce n'est pas votre poste
place-not-offered-next = Choisissez un écran du menu, ou demandez ce droit à un responsable.

## Les brouillons.

draft-changed = Pas encore enregistré…
draft-saved = Brouillon enregistré à { $at }
draft-not-saved = Le brouillon n'est pas enregistré ; l'écran réessaie.
draft-elsewhere = Ce brouillon a été modifié sur un autre écran.
draft-take-theirs = Reprendre l'autre version
draft-keep-mine = Garder la mienne
draft-gone = Ce brouillon n'existe plus : il a été enregistré ou abandonné.
draft-give-up = Abandonner
draft-give-up-title = Abandonner ce brouillon ?

## Les réceptions.

reception-free = Réception libre
reception-counting = En cours de comptage
reception-continue = Continuer
reception-expected = Attendu
reception-find = Scannez le bon, ou cherchez une commande
reception-not-found = Aucune commande ouverte pour « { $typed } »
reception-none-expected = Rien n'est attendu
reception-none-expected-next = Le siège n'a pas de commande ouverte pour ce magasin. Une réception libre reste possible.
reception-incomplete = Le journal est long : une réception ancienne peut manquer dans ce qui reste à venir.
reception-expected-on = pour le { $day }
reception-progress = Au complet : { $done } sur { $of }
reception-count = Compter
reception-done = Reçu
reception-none-done = Aucune réception encore.
reception-note = Bon de livraison
reception-goods = Marchandises
reception-undone = Annulée
reception-start = Compter { $name }
reception-way = Façon de compter
reception-way-open = Avec les quantités attendues
reception-way-blind = À l'aveugle
reception-open-detail = Chaque ligne montre ce qui est attendu.
reception-blind-detail = Ce qui est attendu reste caché jusqu'à la fin du comptage.
reception-said = { $name } : { $quantity }
reception-scan = Scannez un article, ou cherchez son nom
reception-unknown-hint = Rien pour « { $typed } ». Entrée l'ajoute comme article inconnu.
reception-empty = Rien n'est compté
reception-empty-next = Chaque scan compte un de plus. « 12*code » en compte douze.
reception-counted-of = Compté : { $name }
reception-of = sur { $expected }
reception-unexpected = pas commandé
reception-lot-is = lot { $lot }
reception-damaged-is = abîmé : { $quantity }
reception-surplus-title = Plus que commandé : { $name }
reception-surplus-detail = Compté : { $counted }, attendu : { $expected }. Le surplus est-il gardé ?
reception-surplus-keep = Garder le surplus
reception-unexpected-title = Pas sur la commande : { $name }
reception-unexpected-detail = Cet article n'est pas attendu. Ajouté, il compte comme les autres ; l'écart est noté.
reception-unknown-detail = Aucun article n'a ce code. Ajouté, il est reçu sous ce code ; le siège le verra.
reception-join = Ajouter à la réception
reception-leave-out = Ne pas ajouter
reception-give-up-detail = Le comptage est perdu. Rien n'entre en stock.
reception-counted = Compté
reception-damaged = Abîmé, refusé
reception-reason = Motif
reception-reason-wanted = Dites pourquoi
reception-lot = Lot
reception-cost = Coût unitaire { $currency }
reception-finish = Terminer la réception
reception-note-number = Numéro du bon de livraison
reception-supplier = Fournisseur
reception-no-difference = Tout est là, comme commandé.
reception-free-ready = Prêt à enregistrer.
reception-differences = Écarts
reception-counted-only = Compté : { $counted }
reception-counted-expected = Compté : { $counted }, attendu : { $expected }
reception-is-damaged = Abîmé : { $quantity }
reception-is-missing = Manque : { $quantity }
reception-is-surplus = En trop : { $quantity }
reception-is-unexpected = Non commandé : { $quantity }
reception-remainder = Ce qui manque reste attendu.
reception-nothing = Rien n'est compté : il n'y a rien à enregistrer.
reception-recount = Recompter
reception-record = Enregistrer la réception
reception-number = Réception { $number }
reception-undo = Annuler la réception
reception-undo-detail = Toutes ses marchandises ressortent du stock par une opération contraire. La réception reste visible.
reception-undone-by = Annulée par { $name }, { $at } : { $reason }

## Le stock.

stock-find = Article ou code
stock-explained = Le chiffre est celui du siège, à l'heure indiquée. Ce qui attend ici s'y ajoutera.
stock-which = Quels articles
stock-all = Tous
stock-low-ones = Bas ou épuisés
stock-below-ones = Sous zéro
stock-waiting-ones = En attente d'envoi
stock-none = Aucun stock connu
stock-none-next = Le siège n'en a pas encore envoyé.
stock-nothing-found = Rien ne correspond
stock-nothing-found-next = Changez la recherche ou le filtre.
stock-product = Article
stock-quantity = Quantité
stock-known-when = Connu à
stock-known-at = connu à { $at }
stock-waits = { $waiting } en attente
stock-fact = { $quantity } (connu à { $at })
stock-fact-waiting = { $quantity } (connu à { $at }, { $waiting } en attente)
stock-only-waiting = Stock inconnu ici ({ $waiting } en attente)
stock-more = et { $number } autres : précisez la recherche
level-unknown = Inconnu
level-below = Sous zéro
level-none = Épuisé
level-low = Bas
level-enough = En stock

## Les clients.

clients-find = Client, ville ou téléphone
clients-new = Nouveau client
clients-none = Aucun client
clients-none-next = « Nouveau client » en crée un, même hors ligne.
clients-nothing-found = Aucun client pour « { $typed } »
client-name = Nom
client-email = Courriel
client-phone = Téléphone
client-address = Adresse
client-postcode = Code postal
client-city = Ville
client-vat = Numéro de TVA
client-note = Note
client-create = Créer le client
client-save = Enregistrer
client-saved = Enregistré.
client-read-only = Vous pouvez lire cette fiche, pas la changer.
client-same-name = Un client porte déjà ce nom :
client-in-conflict = En conflit
client-conflict-detail = Deux personnes ont modifié cette fiche. Le siège choisit ; vous pouvez continuer.
client-changed-merged = Quelqu'un a modifié cette fiche entre-temps, sur d'autres champs. Les deux versions sont réunies ci-dessous ; vérifiez, puis enregistrez.
client-changed-choose = Quelqu'un a modifié les mêmes champs entre-temps. Choisissez pour chacun, puis enregistrez.
client-theirs = La leur : { $value }
client-mine = La vôtre : { $value }

## Les factures.

invoices-find = Numéro ou client
invoices-new = Nouvelle facture
invoices-drafts = Brouillons
invoices-continue = Reprendre
invoices-none = Aucune facture
invoices-none-next = « Nouvelle facture » en commence une, même hors ligne.
invoice-no-client = Sans client
invoice-number = Facture
invoice-client = Client
invoice-other-client = Changer
invoice-due = Échéance
invoice-lines = Lignes
invoice-empty = Aucune ligne
invoice-empty-next = Cherchez un article ; « 3*code » en ajoute trois.
invoice-incomplete = Il faut un client et au moins une ligne.
invoice-give-up-detail = Le brouillon est effacé. Aucun numéro n'est perdu.
invoice-issue = Établir la facture
invoice-issue-detail = Une facture établie ne change plus. Elle porte { $reference } jusqu'à ce que le siège donne le numéro officiel.
invoice-unnumbered = sans numéro
invoice-provisional = Provisoire
invoice-official = Officielle
invoice-cancelled = Annulée
invoice-cancelled-mark = Annulée, avoir { $number }
invoice-failed = Le siège n'a pas laissé cette facture prendre effet :
invoice-title = Facture { $number }
invoice-provisional-detail = Numéro provisoire : le numéro officiel suit.
invoice-was = D'abord imprimée sous { $reference }
invoice-made-on = Établie le { $at }
invoice-due-on = À régler le { $day }
invoice-unit-price = Prix unitaire
invoice-vat = TVA
invoice-lines-elsewhere = Cette facture a été établie ailleurs ; ses lignes sont au siège.
invoice-cancel = Annuler par un avoir
invoice-cancel-detail = La facture garde son numéro. Le siège numérote l'avoir.

## La file : ce qui demande une personne, et les essais.

attention-title = Une personne doit s'en occuper
attention-next = Ensuite :
refused-title = Refusé définitivement
refused-detail = Ces opérations sont gardées ici et dans le journal, mais n'ont pas pris effet.
next-conflict = le siège choisit entre cette version et l'autre. Rien à refaire ici.
next-quarantined = le siège la vérifie, puis la libère. Rien à refaire ici.
next-central-only = seul le siège peut faire cela. Demandez-le-lui.
next-done-already = cela existait déjà : vérifiez ce qui vaut, il n'y a rien à refaire.
next-rejected = refaites l'opération correctement ; prévenez un responsable si le client est parti.
next-decision-changed = le siège a été restauré et a décidé autrement. Appelez-le.
next-other = montrez ceci à un responsable.
action-reception-undone = Réception annulée
action-invoice-cancelled = Facture annulée
action-delete = Suppression
fact-central-just-now = Dernier contact à l'instant.
fact-central-ago = Dernier contact il y a { $age }.
notifications-show-seen = Montrer aussi ce qui est vu
notifications-all-seen = Tout est vu
notifications-none = Rien de nouveau.
notifications-seen-at = vu { $at }
queue-export = Exporter le journal
queue-export-who = Un responsable peut exporter le journal dans un fichier et le porter au siège.
queue-attempts =
    { $attempts_count ->
        [one] { $attempts } essai sans succès, depuis { $at }.
       *[other] { $attempts } essais sans succès, depuis { $at }.
    }
queue-next = Prochain essai dans { $time }.
queue-next-now = Nouvel essai en cours.
queue-retry = Réessayer maintenant
sync-not-reached = Le siège ne répond pas : réseau coupé, ou serveur arrêté.
sync-busy = Le siège répond qu'il ne peut rien prendre pour le moment.
sync-store = Le siège a un problème de stockage. Rien n'est perdu ici ; prévenez-le.
sync-not-accepted = Le siège et ce poste ne se reconnaissent pas : clé, droit ou certificat. Appelez l'assistance.
sync-clock = L'horloge de ce poste est en retard. Réglez-la.
sync-other = L'envoi au siège échoue.

## La session de caisse.

nav-drawer = Session
receipt-sent-to-printer = Envoyé à l'imprimante de la boutique.
problem-printer = L'imprimante ne répond pas : rien n'est imprimé. Vérifiez qu'elle est allumée, puis recommencez.
problem-print-cut = L'imprimante s'est arrêtée en cours d'impression. Recommencez : ce sera un duplicata.
problem-till-open = Une session est déjà ouverte. L'écran la montre.
problem-till-closed = Cette session n'est plus ouverte. L'écran montre l'état de la caisse.
problem-reason = Comptées et attendues, les espèces diffèrent : dites pourquoi.
drawer-closed = La caisse est fermée
drawer-may-not-open = Vous n'avez pas le droit d'ouvrir la caisse. Demandez à un caissier ou à un responsable.
drawer-later = Vendre sans session
drawer-open-title = Ouvrir la caisse
drawer-open-detail = Les espèces qui sont maintenant dans le tiroir. Les ventes sont comptées à partir d'ici.
drawer-float = Fond de caisse
drawer-open = Ouvrir la caisse
drawer-way = Façon de compter
drawer-way-amount = Un montant
drawer-way-pieces = Pièces et billets
drawer-not-pieces = un nombre
drawer-cash = Entrée ou sortie d'espèces
drawer-cash-in = Entrées d'espèces
drawer-cash-out = Sorties d'espèces
drawer-cash-record = Enregistrer
drawer-amount = Montant ({ $currency })
drawer-reason = Motif (obligatoire)
drawer-x = Rapport X
drawer-count = Compter et clôturer
drawer-session = Session n° { $number }
drawer-opened-with = Ouverte le { $at } avec { $float }
drawer-net = Ventes nettes
drawer-net-of = { $sales_count ->
    [one] { $sales } vente
   *[other] { $sales } ventes
}, { $refunds_count ->
    [one] { $refunds } remboursement
   *[other] { $refunds } remboursements
}
drawer-expected = Espèces attendues
drawer-expected-detail = Fond, ventes en espèces, entrées et sorties
drawer-by-method = Par mode de paiement
drawer-nothing-sold = Rien n'est encore vendu dans cette session.
drawer-moves = Entrées et sorties
drawer-no-moves = Aucune pour l'instant.
drawer-closings = Clôtures
drawer-closing = Clôture
drawer-closed-at = Le
drawer-no-closings = Aucune clôture
drawer-no-closings-next = Le rapport Z de chaque session apparaîtra ici, numéroté sans trou.
drawer-close-title = Clôturer la session n° { $number }
drawer-counted = Espèces comptées
drawer-difference = Écart
drawer-difference-reason = Motif de l'écart (obligatoire)
drawer-unrecorded = Une vente payée n'est pas encore enregistrée. Retournez à la caisse : elle est renvoyée dès que le nœud répond.
drawer-unsent = { $number } opérations ne sont pas encore arrivées au siège. Elles gardent leur session et partiront seules ; vous pouvez clôturer.
drawer-close = Clôturer
report-x = Rapport X, session { $number }
report-z = Rapport Z n° { $number }
report-opened = Ouverture : { $at }
report-printed = Édité : { $at }
report-closed = Clôture : { $at }
report-sums = Ventes, taxes et paiements
report-sales = Ventes ({ $number })
report-refunds = Remboursements ({ $number })
report-grand-total = Grand total
report-unsent = À transmettre au siège : { $number }
report-other-currencies = Dans une autre devise, hors de ces sommes : { $number }
report-proof = Scannez pour vérifier cette clôture
method-unspecified = Non précisé
menu-change = { $name } : changer de personne
line-price = Prix ({ $currency })
line-list-price = Prix du catalogue : { $price }
line-price-reason = Motif du nouveau prix (obligatoire)
line-price-right = Pour changer le prix, demandez à un responsable.
cart-price-changed = prix modifié

## S'exercer.

training-begin = Mode école
training-end = Quitter le mode école
training-on = Mode école.
training-detail = Rien n'est vendu : ni stock, ni totaux, ni rapports.
training-mark = ÉCOLE
training-series = E-
paper-training = Vente d'école, sans valeur
