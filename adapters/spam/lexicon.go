package spam

import "strings"

// concept is a group of words that mean the same to a spammer. Words of one
// group are one word to the model, so that a rare spelling counts as much as
// the usual one.
type concept uint8

const (
	_ concept = iota
	conceptLink
	conceptMy
	conceptMe
	conceptYou
	conceptWe
	conceptPlease
	conceptSubscribe
	conceptCheck
	conceptVisit
	conceptWatch
	conceptFollow
	conceptLike
	conceptShare
	conceptVote
	conceptHelp
	conceptDonate
	conceptJoin
	conceptClick
	conceptChannel
	conceptVideo
	conceptMusic
	conceptSong
	conceptPage
	conceptNetwork
	conceptPeople
	conceptGreeting
	conceptNew
	conceptMake
	conceptMoney
	conceptEarn
	conceptFree
	conceptGift
	conceptWin
	conceptAdult
	conceptCrypto
	conceptMessenger
	conceptContact
	conceptSell
	conceptSpam
	concepts_
)

// conceptNames are the words that the model knows the concepts by; it cannot
// meet them in a text, since words have no underscore.
var conceptNames = [concepts_]string{
	"", "_link", "_my", "_me", "_you", "_we", "_please", "_subscribe", "_check", "_visit", "_watch", "_follow",
	"_like", "_share", "_vote", "_help", "_donate", "_join", "_click", "_channel", "_video", "_music", "_song",
	"_page", "_network", "_people", "_greeting", "_new", "_make", "_money", "_earn", "_free", "_gift", "_win",
	"_adult", "_crypto", "_messenger", "_contact", "_sell", "_spam",
}

// conceptWords are written by hand from common knowledge of comment spam, in
// the languages in which one asks for subscribers most, not taken from the
// data on which the detector is measured.
var conceptWords = [concepts_]string{
	conceptMy:        "my mah mi mein meine meinen mon mes meu minha mio mia moj moi мой мою мои our unser nuestro nosso",
	conceptMe:        "me mee meh",
	conceptYou:       "you u ya yall yous youll youd your ur youre",
	conceptWe:        "we us were weve",
	conceptPlease:    "please pls plz plzz plez pleas plese plis plizz pliz plss porfavor porfa bitte svp prosze пожалуйста",
	conceptSubscribe: "subscribe subscribes subscribed subscribing suscribe subcribe suscribed subscibe subscrib subscribers subscriber subs sub subbing subbed suscribete suscribanse inscreva abonniert abonnez подпишись подписывайтесь подписка",
	conceptCheck:     "check checkout chek checked checking chck cheak checks",
	conceptVisit:     "visit visiting visite visita go goto enter besucht",
	conceptWatch:     "watch watching look see view listen hear search",
	conceptFollow:    "follow following followers follower folow add",
	conceptLike:      "like likes liking liked upvote thumbs thumb",
	conceptShare:     "share shares repost retweet spread",
	conceptVote:      "vote votes voting petition sign",
	conceptHelp:      "help helping support supporting helps helped",
	conceptDonate:    "donate donation donations donating gofundme kickstarter indiegogo fundraiser charity fund patreon",
	conceptJoin:      "join register signup download install try",
	conceptClick:     "click clicking tap click",
	conceptChannel:   "channel channels chanel chanels channal chanell channell chanal canal canale kanal kanał kanale chaine канал",
	conceptVideo:     "video videos vid vids vidio vidios vidz vedio vedios videoo videis clips clip gameplay gameplays parody vlog vlogs playlist",
	conceptMusic:     "music rap rapping raps beats remix remixes mixtape album cover covers tracks rapper producer band soundcloud",
	conceptSong:      "song songs track single ep",
	conceptPage:      "page pages site website websites blog blogs webpage profile store shop link links bio",
	conceptNetwork:   "facebook fb instagram insta ig twitter snapchat tiktok twitch myspace spotify itunes",
	conceptPeople:    "guys everyone everybody people peoples friends fans viewers yall gus anyone anybody",
	conceptGreeting:  "hey hi hello hiya heyy hola yo sup heya hallo greetings",
	conceptNew:       "new newest upcoming started starting beginner begginer rookie small unknown amateur aspiring",
	conceptMake:      "make made making upload uploaded uploading uploads posted post create",
	conceptMoney:     "money cash dollars dollar bucks paypal income usd rich salary loan loans profit profits moneys moneyz",
	conceptEarn:      "earn earning earned earns paid paying pays generate",
	conceptFree:      "free gratis kostenlos бесплатно",
	conceptGift:      "giveaway giveaways gift gifts giftcard giftcards prize coupon voucher codes robux vbucks",
	conceptWin:       "win winner winning won contest competition raffle",
	conceptAdult:     "sex sexy porn nude nudes naked xxx escort escorts hookup camgirl camgirls webcam horny milf onlyfans penis dating",
	conceptCrypto:    "bitcoin btc crypto forex trading trader trade invest investing investment investments eth ethereum broker",
	conceptMessenger: "whatsapp telegram whatsap whatssapp wechat viber kik",
	conceptContact:   "contact email inbox dm text message reach",
	conceptSell:      "buy sell selling sale discount price cheap order offer offers deal deals shipping tshirt tshirts",
	conceptSpam:      "spam spamming advertise advertising advertisement promote promoting promotion",
}

// concepts finds a word's concept.
var concepts = func() map[string]concept {
	all := make(map[string]concept, 512)
	for c, words := range conceptWords {
		for _, w := range strings.Fields(words) {
			if _, taken := all[w]; !taken {
				all[w] = concept(c)
			}
		}
	}
	return all
}()

// conceptSet is a set of concepts.
type conceptSet uint64

func setOf(all ...concept) conceptSet {
	var s conceptSet
	for _, c := range all {
		s |= 1 << c
	}
	return s
}

func (s conceptSet) has(c concept) bool { return c != 0 && s&(1<<c) != 0 }

// What the rules below look for.
var (
	ownWork = setOf(conceptChannel, conceptVideo, conceptMusic, conceptSong, conceptPage, conceptNetwork)
	request = setOf(conceptCheck, conceptVisit, conceptWatch, conceptFollow, conceptLike, conceptShare, conceptSubscribe,
		conceptVote, conceptHelp, conceptJoin, conceptClick, conceptDonate)
	mine = setOf(conceptMy, conceptMe)
)
