# Ce que les gens lisent, en français : la langue par défaut. messages/en.ftl a les mêmes messages, avec les mêmes variables.
# Une variable en `_count` est un nombre et choisit le pluriel ; toutes les autres sont du texte déjà mis en forme.

## Notifications d'un nœud. `$why` est vide, ou une raison entre parenthèses après une espace.

notification-somebody-else = quelqu'un d'autre
notification-somebody = Une personne
notification-validated-by = Validée par { $by }
notification-validated-by-at = Validée par { $by } le { $date } à { $time }
notification-already-validated = { $what } était déjà validée. Votre validation reste au journal et ne compte pas.
notification-conflict-title = Modification en conflit : { $what }
notification-conflict = Une autre modification était déjà acceptée ; une personne choisit au central{ $why }.
notification-rejected-title = Refusé par le central : { $what }
notification-rejected = L'événement reste au journal et n'a pas d'effet{ $why }.
notification-quarantined-title = Mis de côté par le central : { $what }
notification-quarantined = Une personne doit le vérifier au central avant qu'il prenne effet{ $why }.
notification-superseded-title = La valeur du central reste : { $what }
notification-superseded = L'événement reste au journal ; seul le central change cette valeur{ $why }.
notification-released-outdone-title = Vérifié, sans effet : { $what }
notification-released-outdone = Ce qui était mis de côté a été vérifié au central ; une autre validation vaut. { $first }.
notification-released-conflict-title = Vérifié, en conflit : { $what }
notification-released-conflict = Ce qui était mis de côté a été vérifié au central ; une autre modification était déjà acceptée, une personne choisit au central.
notification-released-superseded-title = Vérifié, sans effet : { $what }
notification-released-superseded = Ce qui était mis de côté a été vérifié au central ; une valeur plus récente du central reste.
notification-released-title = Vérifié, a pris effet : { $what }
notification-released = Ce qui était mis de côté a été vérifié au central et a pris effet.
notification-resolved-title = Conflit réglé : { $what }
notification-resolved =
    { $choice ->
        [server] { $by } a choisi : la version du central reste, la vôtre ne compte pas{ $why }.
        [local] { $by } a choisi : votre version vaut{ $why }.
        [merged] { $by } a choisi : les deux versions sont fusionnées{ $why }.
       *[other] { $by } a choisi : voyez la fiche{ $why }.
    }
notification-decision-changed-title = Le central a décidé autrement : { $what }
notification-decision-changed = Le central a été restauré, et a décidé cet événement une seconde fois{ $why }. Voyez avec le siège ce qui vaut.
notification-row-too-large-title = Trop grand pour ce poste : { $what }
notification-row-too-large =
    { $bytes ->
        [unknown] La fiche a trop d'octets et n'est à jour qu'au central : lisez-la là-bas, et allégez-la.
       *[other] La fiche a { $bytes } octets et n'est à jour qu'au central : lisez-la là-bas, et allégez-la.
    }
notification-other-title = { $kind } : { $what }
notification-other = Le central le signale{ $why }.

## Réponses aux téléphones et aux postes. Les deux contrats fixent le français à la lettre.

device-rejected = Refusé par le central : sans effet
device-refused-because = Refusé par le central, sans effet : { $detail }
device-quarantined = Reçu par le central, sans effet tant qu'une personne du siège ne l'a pas vérifié
device-superseded = La valeur du central reste
device-already-cancelled = Déjà annulée
device-already-validated = Déjà validée
device-validated-by = Validée par { $by }
device-entity-deleted = Supprimé sur le serveur (version { $version })
device-entity-exists = Existe déjà sur le serveur (version { $version })
device-unknown-entity = Inconnu du serveur
device-version-differs = Version locale ({ $local }) différente de version serveur ({ $version })
device-unknown-entity-type = Type d'entité inconnu : { $given }. Le plus proche est { $nearest }
device-time-ahead = Cette heure n'a pas été donnée par le serveur : envoyez { $field } de la dernière réponse, jamais l'horloge de l'appareil

## Les pages d'accueil des deux serveurs.

start-page-go-on = Continuer
start-page-driver = Livraisons, pour le téléphone d'un chauffeur
start-page-api = L'API, à lire et à essayer
start-page-node = le nœud d'une boutique
start-page-read-only = Lecture seule
start-page-disk-low = Plus assez de place sur le disque
start-page-disk-low-detail = Rien n'est enregistré avant qu'il y en ait.
start-page-records = La boutique enregistre
start-page-records-detail = Chaque opération est sur le disque avant le « ok », avec ou sans réseau.
start-page-key = Les chiffres demandent une clé locale
start-page-unready-detail = /readyz dit pourquoi.
start-page-off = arrêté
start-page-never = jamais
start-page-epoch = époque { $number }
start-page-oldest = le plus ancien depuis { $seconds } s
start-page-in-log = Dans le journal
start-page-pending = À envoyer
start-page-to-review = À examiner
start-page-last-contact = Dernier contact
start-page-queue = Ce qui attend le serveur central
start-page-status = L'état du nœud en détail
start-page-last-events = Les cinq derniers événements
start-page-stock = Le stock
start-page-shop = Boutique { $site }
start-page-node-id = Nœud { $node }
start-page-ago-seconds = il y a { $number } s
start-page-ago-minutes = il y a { $number } min
start-page-ago-hours = il y a { $number } h
start-page-ago-days =
    { $day_count ->
        [one] il y a { $number } jour
       *[other] il y a { $number } jours
    }
start-page-central = le serveur central
start-page-central-ready = Le serveur central travaille
start-page-central-ready-detail = Il reçoit les journaux des boutiques, décide, et répond aux rapports.
start-page-central-unready = Le serveur central ne peut pas travailler
start-page-central-unready-detail = /readyz dit pourquoi. Les boutiques continuent sans lui.
start-page-token = Les chiffres demandent un jeton d'administrateur
start-page-openapi = La même pour un programme
start-page-readyz = S'il peut travailler, et sinon pourquoi
start-page-healthz = S'il vit

## Le rapport de l'auditeur : les défauts.

audit-defect-form = le fichier est coupé ou abîmé
audit-defect-digest = un octet du fichier, hors des chaînes, a changé
audit-defect-count = la fin du fichier compte autrement
audit-defect-part = cette partie ne continue pas la précédente
audit-defect-epoch = l'époque ne commence pas où elle doit
audit-defect-missing = des enregistrements manquent jusqu'à la fin que le fichier annonce
audit-defect-seq = un enregistrement manque, est en double ou déplacé
audit-defect-header = l'en-tête de l'enregistrement nomme une autre place
audit-defect-chain = l'enregistrement, ou un lien avant lui, a changé
audit-defect-epoch-opened = le premier enregistrement n'ouvre pas l'époque
audit-defect-previous-head = l'époque précédente a fini autrement qu'il n'est dit
audit-defect-event-id = un événement compte deux fois
audit-defect-position = une entrée manque, est en double ou déplacée
audit-defect-decision-chain = la décision, ou un lien avant elle, a changé
audit-defect-decision-binding = la décision parle d'un autre enregistrement
audit-defect-decision = la décision ne se lit pas
audit-defect-verdict = un tel enregistrement ne peut pas avoir ce verdict
audit-defect-received-at = l'ordre de réception est rompu
audit-defect-duplicate = ce n'est pas le doublon qui est dit
audit-defect-record = l'enregistrement ne se lit pas
audit-defect-payload = le contenu ne suit pas son schéma, sans objection
audit-defect-answer = la réponse gardée parle d'un autre enregistrement
audit-defect-known-head = une empreinte notée ailleurs n'est plus dans le journal

## Le rapport de l'auditeur : vérifier.

audit-intact = Intact : { $held }
audit-break = Rupture { $code } : { $sentence }.
audit-expected = attendu
audit-found = trouvé
audit-read-in-all = Lu en tout : { $held }
audit-receipt-recorded = Ce ticket est authentique : le journal contient exactement cet enregistrement.
audit-receipt-decided = position { $position } : { $verdict }
audit-receipt-differs = Ce ticket ne correspond pas : le journal a un autre enregistrement à cette place.
audit-receipt-missing = Ces fichiers n'ont aucun enregistrement à la place que nomme ce ticket.
audit-held =
    { $record_count ->
        [one] { $records } enregistrement
       *[other] { $records } enregistrements
    }, { $decision_count ->
        [one] { $decisions } décision
       *[other] { $decisions } décisions
    }.
audit-node = nœud
audit-epoch = époque
audit-byte = octet
audit-decision-chain = position { $position }, chaîne des décisions { $chain }
audit-unlinked-beginnings = { $number } : débuts de journaux avant ces fichiers, donc non reliés ; donnez aussi la partie précédente
audit-unknown-previous-heads = { $number } : époques dont la fin de la précédente est hors de ces fichiers
audit-unknown-originals = { $number } : doublons dont l'original est avant ces fichiers
audit-unknown-schemas = { $number } : contenus dont ce programme n'a pas le schéma

## Le rapport de l'auditeur : comparer.

audit-agree = D'accord : { $records } enregistrements identiques, { $decisions } décisions identiques.
audit-contradict = Contradiction : { $records } enregistrements identiques, { $decisions } décisions identiques.
audit-first-record = Premier enregistrement différent : époque { $epoch }, seq { $seq }, position { $position }
audit-first-answer = Première décision gardée autrement : époque { $epoch }, seq { $seq }
audit-restore = Restauration du central inscrite à la position { $position }, le { $at }, tête { $head }{ $reason } :
audit-restore-moved = { $moved } décisions ont été inscrites de nouveau, identiques, à une autre position
audit-restore-first = la première : époque { $epoch }, seq { $seq } : { $node } au nœud, { $central } au central
audit-restore-below = dont { $below } annoncées à la position { $head } ou avant : le central avait écrit avant d'inscrire la restauration
audit-alone = époque { $epoch }, seq { $from } .. { $to }: { $why }
audit-alone-waiting = au nœud seul, en attente d'envoi
audit-alone-sealed-again = au nœud seul, scellés de nouveau dans une époque suivante
audit-alone-before-the-file = au nœud, avant le début du fichier de central
audit-alone-missing = au nœud seul : ils manquent à central
audit-alone-lost = à central seul : le journal du nœud a été raccourci

## Le rapport de l'auditeur : rejouer.

audit-difference = Différence à la position { $position } : événement { $event }
audit-stored = enregistré
audit-decided-again = redécidé
audit-replay-same = Aucune différence : { $records } enregistrements redécidés comme ils l'avaient été.
audit-replay-differences = Différences : { $differences } décisions sur { $records } ne sont pas celles des règles.
audit-replay-applied = Rejoué : { $records } enregistrements, tels qu'ils ont été décidés.
audit-replay-unread = Illisibles : { $differences } enregistrements sur { $records } ont pris effet et ne se lisent pas ici.
audit-replay-newer-rules = { $number } décisions ont été prises par une version plus récente des règles
audit-replay-restored = { $number } décisions sont telles que le central les avait annoncées avant sa restauration
audit-rows = lignes
audit-digest = Empreinte de l'ensemble : { $digest }

## La page /ca.

ca-title = faire confiance au réseau de la boutique
ca-none = Il n'y a pas d'autorité de certification
ca-none-detail = Un administrateur la crée sur la machine du serveur central avec « comptoir admin ca create ».
ca-encrypted = Cette page est arrivée chiffrée
ca-encrypted-detail = Si votre navigateur n'a affiché aucun avertissement, cet appareil fait déjà confiance au réseau : il ne reste rien à faire.
ca-plain = Cette page est arrivée sans chiffrement
ca-plain-detail = Installez le fichier ci-dessous, puis rouvrez cette page avec https devant son adresse.
ca-file = Le certificat à installer
ca-compare = Avant de l'installer, comparez son empreinte SHA-256 avec celle de « comptoir admin ca show »
ca-windows = Ouvrez le fichier, puis « Installer un certificat », « Ordinateur local », « Placer tous les certificats dans le magasin suivant », « Autorités de certification racines de confiance ». Chrome et Edge lui font confiance après un redémarrage.
ca-macos = Ouvrez le fichier ; Trousseaux d'accès l'ajoute. Double-cliquez dessus, ouvrez « Se fier » et choisissez « Toujours approuver ».
ca-linux = En root : cp ca.crt /usr/local/share/ca-certificates/comptoir.crt && update-ca-certificates. Chrome a sa propre liste : Paramètres, Confidentialité et sécurité, Sécurité, Gérer les certificats, Importer.
ca-firefox = Paramètres, Vie privée et sécurité, Certificats, « Afficher les certificats », « Autorités », « Importer » ; cochez « Confirmer cette AC pour identifier des sites web ».
ca-android = Téléchargez le fichier, puis Paramètres, Sécurité, Autres paramètres de sécurité, Chiffrement et identifiants, « Installer un certificat », « Certificat CA ». L'appareil doit avoir un verrouillage d'écran.
ca-ios = Ouvrez le fichier dans Safari et autorisez le profil ; installez-le dans Réglages, Général, VPN et gestion de l'appareil. Puis Réglages, Général, Informations, « Réglages de confiance des certificats » : activez-le.

## The page of a one-time link.

setup-page-title = Choisissez un mot de passe
setup-page-detail = 12 caractères au moins. Quatre mots se retiennent bien et se devinent mal.
setup-page-password = Mot de passe
setup-page-code = Code du lien
setup-page-code-hint = La partie de l'adresse du lien qui suit le signe #. Le lien entier convient aussi.
setup-page-button = Enregistrer
setup-page-done = Le mot de passe est enregistré. Connectez-vous avec.
setup-page-failed = Le mot de passe n'a pas été enregistré. Réessayez dans un instant.
setup-page-weak = Ce mot de passe se devine facilement : il est trop court, très courant, répétitif, ou proche de votre identifiant. Choisissez-en un autre ; le lien reste valable.
setup-page-link-invalid = Ce lien n'est plus valable : il a servi ou il a expiré. Demandez-en un nouveau à la personne qui administre Comptoir.

## The page of a receipt.

receipt-title = Ticket
receipt-recorded = Ce ticket est authentique
receipt-recorded-detail = Le journal du magasin contient exactement cet enregistrement.
receipt-not-recorded = Ce ticket n'est pas dans le journal de ce serveur
receipt-not-recorded-detail = Il a été modifié, ou le magasin ne l'a pas encore transmis à ce serveur. Demandez au magasin.
receipt-sale = Vente
receipt-refund = Remboursement
receipt-cancelled = Vente annulée
receipt-invoice = Facture
receipt-closing = Clôture de caisse (Z)
receipt-training = Vente d'école, sans valeur
receipt-training-detail = Quelqu'un s'est exercé à la caisse. Rien n'a été vendu et rien n'est dû.
receipt-total = Total
receipt-time = Heure
receipt-central = Siège
receipt-waits = ne l'a pas encore confirmé
receipt-accepted = l'a accepté
receipt-reviewed = l'examine

## Un ticket imprimé.

print-number = N° { $number }
print-vat = dont TVA { $rate } %
print-original = de la vente { $number }
print-duplicate = DUPLICATA { $number }
print-training = ÉCOLE
print-cash = espèces
print-card = carte
print-cheque = chèque
print-account = en compte
print-unspecified = mode non précisé
print-change = rendu
print-x-report = Rapport X, session { $number }
print-z-report = Rapport Z n° { $number }
print-opened = Ouverture :
print-printed = Édité :
print-closed = Clôture :
print-sales = Ventes ({ $number })
print-refunds = Remboursements ({ $number })
print-float = Fond de caisse
print-cash-in = Entrées d'espèces
print-cash-out = Sorties d'espèces
print-expected = Espèces attendues
print-counted = Espèces comptées
print-difference = Écart
print-grand-total = Grand total
print-unsent = À transmettre au siège : { $number }
print-other-currencies = Dans une autre devise : { $number }
