package sentiment

import (
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// The gate keeps the English lexicon away from other languages, where German
// "die" or Spanish "no" would count. A detector of languages by trigrams needs
// 100 µs a text and is wrong about one short text in four; function words and
// letters settle nearly every text in a look-up that is made anyway, and only
// what they leave open goes to the detector.

// englishWords are function words and chat forms that no other language in
// foreignWords has.
var englishWords = strings.Fields(`the and you that this with for are have not but what your they just like from when
	will would who out about there can how more if because it's i'm don't im dont its he's she's that's you're they're
	we're i've i'll can't cant won't didn't doesn't isn't wasn't thats youre ive were been being had did does doing
	could should their them him her his she our us which than then into over after before where why these those some
	any every very really too also only even still never always now here well much many most other people think know
	see make get got going want one time good love luv gr8 u ur thx pls plz lol omg wtf gonna wanna gotta cuz yall ya'll ain't
	i'd he'll she'll you'll we'll they'll i'd you'd they've we've what's there's here's who's where's today's
	sometimes often maybe perhaps almost already enough around without within another each every both between under
	again once while during until against through though although since however either neither whether yet
	look looks looking looked make makes making made take takes taking took come comes coming came go goes going went
	say says said saying tell told feel feels feeling felt need needs needed keep keeps kept try trying tried work works
	working worked play playing played find found give gave given show shows shown start started stop stopped turn
	use used using call called read reading write wrote written hear heard listen listening seen saw buy bought sell
	first last next year years week weeks month months night morning hour hours minute minutes time times world life
	man men woman women girl girls boy boys kid kids guy guys friend friends family home house place way ways part
	song songs music movie movies show game games book phone team player players money job school head hand eye eyes
	new old big small long short high low young little same different own such few less least own many
	everybody somebody nobody someone somehow somewhere anyway back down off away out together yes yeah yep nope
	who's whose whom whatever whoever let lets might may must shall ought need
	dude bro man sis y'all gimme lemme kinda sorta imo tbh idk ikr smh btw fr ngl
	best better worst worse ever bad mood day days let's watch watching video thing things something anyone someone everyone nothing anything everything day today`)

// sharedWords are English too, but other languages have them as well.
var sharedWords = strings.Fields(`a i in is to of on so me my he we be do at as no am it or all was has an by up go`)

// foreignWords are frequent words of the languages written in Latin letters
// that comments come in most; words that are English too were left out.
var foreignWords = strings.Fields(`
	que de la el los las una por con para como pero más mas muy esta este esto está eso esa todo todos porque cuando
	donde quien hay ser soy eres tiene tengo nada también hasta desde sobre mejor siempre bien gracias yo tu te lo del
	al es un y se mi su nos les hola jaja jajaja jajajaja mejores puede gente vida saludos amo nunca mucho ya
	não nao um uma você voce isso mais muito com dos das ele ela eu meu minha são foi tem quando só ou seu sua pra pro
	também tambem aqui obrigado sou esse essa nem mesmo tudo ainda kkk kkkk kkkkk kkkkkk
	le les des et est une dans pour qui pas sur avec vous nous je ce cette mais sont plus être fait tout c'est j'ai
	il elle mon ton ses leur aussi très bien merci comme quand même trop suis ça ca du au ne
	der das und ist nicht ich ein eine mit den dem auf für von sich auch es wie im bei nur noch aber mich dich wir ihr
	sehr wenn oder schon mal kann hab habe bin sind haben immer alles kein keine mein dein gut danke wurde
	il di che è non per sono una mi ti ma anche come più questo questa della del nel gli ho hai tutti perché molto
	sempre ciao grazie bello bella lui lei cosa fatto solo
	het een van niet dat zijn voor maar ook met naar wat heb heeft deze echt goed wel nog geen veel mooi
	och att det som är på inte jag har till av för om en ett så kan men var mycket
	og til på ikke jeg det er på med av som har så hva meg deg jej
	yang dan di ini itu dengan untuk tidak ada saya aku kamu dari dia juga bisa akan sudah lagi banget gak nggak ga
	apa kalau udah sama orang sangat bagus bang keren semoga
	ang ng mga sa na ko ka ako ikaw siya hindi naman lang ba po kasi yung nang pero ito iyan salamat mahal ganda
	bir ve bu için çok ne ama gibi daha var yok ben sen biz güzel kadar olarak değil benim abi mi mı
	nie się na jest to że w z do jak ale tak już tylko czy mnie ja bardzo co tym po za
	hai ka ki ke ko kya nahi nahin bhai mein ye yeh toh bhi aur kar raha hain tum hum mera meri tera apna koi pyar
	không của là và có cho anh em một người này được trong với các những rất quá
	nu și si este pe cu sa mai ce din foarte sunt pentru asta dar ca
	je se da ne li sam su ali kako jako samo još što
	hyvä mutta että kun niin ole olen tämä sen mitä
	nem hogy egy az és van csak nagyon`)

// foreignHomographs are rated by the lexicon and everyday words elsewhere, so
// that they say nothing about the language.
var foreignHomographs = strings.Fields(`lol lmao rofl haha hahaha wow xoxo fav ha hah heh lag mad pal sos super die kind hell gut war fan top mist bitter arm toll fest brand taste
	sincere original ideal natural fatal brutal genial special normal radical legal dance fun cool crash blame
	casual rigid solid solo sexy hero drama trauma horror error terror`)

// ambiguousWords are frequent elsewhere, and names or slang in English.
var ambiguousWords = strings.Fields(`per non dat van von ben sam ton son meg abi mai ya na da ma ko po ba se tu sa mon
	com ha les con del la el le de du los las san mi ce cu co`)

// detectable are the languages that the detector chooses from.
var detectable = whatlanggo.Options{Whitelist: map[whatlanggo.Lang]bool{
	whatlanggo.Eng: true, whatlanggo.Spa: true, whatlanggo.Por: true, whatlanggo.Fra: true, whatlanggo.Deu: true,
	whatlanggo.Ita: true, whatlanggo.Nld: true, whatlanggo.Ind: true, whatlanggo.Tgl: true, whatlanggo.Tur: true,
	whatlanggo.Pol: true, whatlanggo.Swe: true, whatlanggo.Vie: true, whatlanggo.Ron: true,
}}

const (
	// detectorWords is how many words the detector needs: below, it guesses.
	detectorWords = 4
	// sparse is one part in so many of a text's words: function words and rated
	// words make up a third of English; a text with fewer is borrowing them.
	sparse = 8
)

// markLanguages tells the vocabulary which words speak for which language. A
// word of both sides speaks for English.
func (v *vocabulary) markLanguages() {
	for name, w := range v.words {
		if w.rated && len(name) > 2 && isWord(name) {
			w.english = 1
			v.words[name] = w
		}
	}
	v.mark(foreignWords, func(w *word) { w.english, w.foreign = 0, 2 })
	v.mark(foreignHomographs, func(w *word) { w.english, w.foreign = 0, 0 })
	v.mark(ambiguousWords, func(w *word) { w.foreign = 1 })
	v.mark(sharedWords, func(w *word) { w.english, w.foreign = 1, 0 })
	v.mark(englishWords, func(w *word) { w.english, w.foreign = 2, 0 })
	v.mark(negations, func(w *word) { w.english, w.foreign = 2, 0 })
}

func isWord(name string) bool {
	for _, c := range []byte(name) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// judgeable tells whether the lexicon may be asked about a text: it is
// English, or has so few words that they may as well be.
func judgeable(text string, r reading) bool {
	if r.otherScript > r.latin {
		return false
	}
	english, foreign, words := 0, 0, 0
	for i := range r.tokens {
		t := &r.tokens[i]
		english += int(t.word.english)
		foreign += int(t.word.foreign)
		if t.word.foreign == 0 && hasForeignLetter(t.lower) {
			foreign++
		}
		if t.letters {
			words++
		}
	}
	switch {
	case foreign > english:
		return false
	case words < detectorWords || english*sparse >= words && english > 0:
		return true
	}
	return whatlanggo.DetectLangWithOptions(text, detectable) == whatlanggo.Eng
}

// hasForeignLetter tells whether a word is spelt with letters that English
// does without.
func hasForeignLetter(word string) bool {
	for _, c := range word {
		if c >= 0x80 && unicode.IsLetter(c) {
			return true
		}
	}
	return false
}
