# Les écrans du siège, en français. messages/office/en.ftl a les mêmes messages, avec les mêmes variables ; web/src/office les nomme.

## La connexion.

office-login-title = Siège
office-login = Identifiant
office-password = Mot de passe
office-enter = Se connecter
office-login-failed = Identifiant ou mot de passe incorrect.
office-out-idle = Vous avez été déconnecté après un quart d'heure sans activité.
office-out-ended = Votre session est terminée. Reconnectez-vous.

## Le cadre.

office-overview = Aujourd'hui
office-reports = Rapports
office-conflicts = Conflits
office-quarantine = Quarantaine
office-people = Personnes
office-site = Lieu
office-state = État
office-actions = Actions
office-somebody = quelqu'un
office-unknown = Inconnu
office-more = et { $number } autres

## La page du jour.

office-waiting = Ce qui attend une personne
office-open-list = Ouvrir la liste
office-sales = Ventes
office-today = Aujourd'hui
office-this-week = Cette semaine
office-late = Chiffres en retard
office-complete = Complet jusqu'à l'événement { $position }
office-stock-alerts = Stock sous zéro
office-stock-fine = Aucun stock sous zéro
office-stock-fine-next = Rien n'a été vendu qui ne soit en stock.
office-stock-partly = Sur les { $number } premiers articles.
office-backordered = manque { $quantity }
office-nodes = Postes
office-nodes-none = Aucun poste
office-node = Poste
office-node-fine = En contact
office-node-new = Jamais vu
office-node-silent = Sans nouvelles depuis { $age }
office-node-clock = Horloge décalée
office-node-fork = Journal dédoublé
office-node-revoked = Révoqué
office-last-push = Dernier envoi
office-clock-offset = Horloge
office-ms = { $number } ms
office-behind = À recevoir

## Les rapports.

office-report-sales = Ventes
office-report-empty = Aucune vente
office-report-empty-next = Changez les dates ou le lieu.
office-report-cut = Seules les { $number } premières lignes sont affichées. L'export les contient toutes.
office-print = Imprimer
office-by = Par
office-by-day = Jour
office-by-month = Mois
office-by-site = Lieu
office-by-product = Article
office-by-country = Pays
office-by-customer = Client
office-by-user = Personne
office-by-entity = Vente
office-all-sites = Tous les lieux
office-from = Du
office-to = Au
office-as-of = Tel que connu à
office-as-of-now = maintenant
office-as-known = Tel que connu à { $at }
office-late-sites = En retard : { $names }
office-parked = { $number } événements non comptés
office-show = Afficher
office-share = Part
office-amount = Montant
office-count-sales = Ventes
office-count-refunds = Retours
office-quantity = Quantité
office-total = Total
office-time-unsure = { $number } à l'heure incertaine
office-csv = CSV
office-csv-french = CSV pour Excel
office-export-failed = L'export a échoué

## Les conflits.

office-conflicts-none = Aucun conflit
office-conflicts-none-next = Quand deux personnes changent la même fiche sans se voir, la question arrive ici.
office-conflict-version = Modifié des deux côtés
office-conflict-exists = Créé des deux côtés
office-conflict-deleted = Supprimé entre-temps
office-conflict-unknown = Jamais créé
office-type = Type
office-all-types = Tous les types
office-keys = J et K : suivant, précédent. A, B : un côté. 1 à 9 : un champ. Entrée : continuer.
office-choose-conflict = Choisissez un conflit
office-choose-conflict-next = Vous verrez les deux valeurs de chaque champ, puis l'effet de votre choix.
office-first-conflict = Ouvrir le premier
office-back-to-list = Tous les conflits
office-question = { $user } a changé cette fiche le { $at }, sans voir ce que le siège avait entre-temps. Que garder ?
office-changed-meanwhile = Quelqu'un a été plus rapide. Voici ce qui vaut maintenant ; choisissez de nouveau.
office-resolved = Décidé par { $user } le { $at }.
office-field = Champ
office-before = Avant
office-server = Siège
office-local = Sur place
office-keep-server = Garder le siège
office-keep-local = Garder sur place
office-see-effect = Voir l'effet
office-effect = Voici ce qui changera :
office-effect-none = Rien : la fiche du siège reste telle quelle.
office-effect-deleted = La fiche sera supprimée.
office-confirm = Confirmer
office-unchanged = Champs sans différence
office-nothing-lost = Rien n'est effacé : les deux valeurs restent dans le journal, et une décision peut être changée par une nouvelle modification.
office-absent = (absent)
office-removed = (retiré)
office-empty-text = (vide)
office-yes = oui
office-no = non

## La quarantaine.

office-quarantine-none = Rien en quarantaine
office-quarantine-none-next = Ce que le siège ne peut pas accepter sans une personne arrive ici.
office-quarantine-what = Ces opérations sont conservées et n'ont aucun effet tant que personne ne les libère.
office-release = Libérer
office-release-title = Libérer { $entity }
office-release-effect = L'opération prendra effet maintenant, à la place de la libération. Votre nom et le motif restent dans le journal.
office-release-reason = Motif
office-released = { $entity } a pris effet.
office-release-refused = { $entity } ne peut toujours pas prendre effet.
office-payload = Contenu

## Les personnes et leurs appareils.

office-new-user = Nouvelle personne
office-user = Personne
office-roles = Rôles
office-role = Rôle
office-name = Nom
office-create = Créer
office-everywhere = partout
office-active = Active
office-invited = Invitée
office-disabled = Désactivée
office-erased = Effacée
office-disable = Désactiver
office-disable-title = Désactiver { $name }
office-disable-effect = Ses sessions prennent fin tout de suite. Ce qu'elle a déjà enregistré reste valable.
office-add-device = Ajouter un appareil
office-add-device-effect = Un code à usage unique, valable 48 heures, que { $name } saisit ou scanne sur son téléphone.
office-no-site-role = Cette personne n'a aucun rôle dans un lieu précis. Donnez-lui-en un d'abord.
office-new-password = Nouveau mot de passe
office-new-password-effect = Un lien à usage unique, valable 48 heures, avec lequel { $name } choisit un mot de passe.
office-make-code = Créer
office-invitation = Lien pour { $name }
office-device-code = Code pour un appareil de { $name }
office-shown-once = Montré une seule fois, valable jusqu'au { $until }. Copiez-le maintenant.
office-copied = C'est copié
office-devices = Appareils
office-devices-none = Aucun appareil
office-devices-none-next = Ajoutez-en un à une personne : elle reçoit un code pour son téléphone.
office-device = Appareil
office-device-active = Actif
office-device-revoked = Révoqué
office-last-contact = Dernier contact
office-revoke = Révoquer
office-revoke-title = Révoquer { $name }
office-revoke-effect = L'appareil ne reçoit plus rien. À son prochain contact il remet ce qu'il n'avait pas envoyé, en quarantaine, puis efface ses données et le prouve.
office-lost = Un téléphone perdu : révoquez-le ici, donnez un nouveau mot de passe à la personne, puis ajoutez son nouvel appareil. Regardez ensuite la quarantaine.
