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
	see make get got going want one time good love u ur thx pls plz lol omg wtf gonna wanna gotta cuz yall ya'll ain't
	let's watch watching video thing things something anyone someone everyone nothing anything everything day today`)

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

// detectable are the languages that the detector chooses from.
var detectable = whatlanggo.Options{Whitelist: map[whatlanggo.Lang]bool{
	whatlanggo.Eng: true, whatlanggo.Spa: true, whatlanggo.Por: true, whatlanggo.Fra: true, whatlanggo.Deu: true,
	whatlanggo.Ita: true, whatlanggo.Nld: true, whatlanggo.Ind: true, whatlanggo.Tgl: true, whatlanggo.Tur: true,
	whatlanggo.Pol: true, whatlanggo.Swe: true, whatlanggo.Vie: true, whatlanggo.Ron: true,
}}

// detectorWords is how many words the detector needs: below, it guesses.
const detectorWords = 4

// markLanguages tells the vocabulary which words speak for which language.
// What is English, or rated by the lexicon, never speaks for another.
func (v *vocabulary) markLanguages() {
	v.mark(foreignWords, func(w *word) { w.foreign = 2 })
	v.mark(sharedWords, func(w *word) { w.foreign, w.english = 0, 1 })
	v.mark(englishWords, func(w *word) { w.foreign, w.english = 0, 2 })
	v.mark(negations, func(w *word) { w.foreign, w.english = 0, 2 })
}

// judgeable tells whether the lexicon may be asked about a text: it is
// English, or has no letters but emoticons and emoji.
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
		if t.lower != "" {
			words++
		}
	}
	if english > 0 || foreign > 0 {
		return english >= foreign
	}
	if words < detectorWords {
		return true
	}
	info := whatlanggo.DetectWithOptions(text, detectable)
	return info.Lang == whatlanggo.Eng || !info.IsReliable()
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
