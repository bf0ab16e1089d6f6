package main

// Comments in other languages, by mood.
var foreign = map[mood][]string{
	praising: {
		"¡Qué vídeo tan bonito! Me encantó la parte de la tormenta, saludos desde Valparaíso",
		"Muchas gracias por compartir el viaje, es una maravilla 😍",
		"Wunderschön gefilmt, und endlich erklärt jemand den Laderegler verständlich. Danke!",
		"Das beste Video seit langem, ich freue mich auf den zweiten Teil 👏",
		"Superbe aventure, merci pour ce moment de calme. La lumière à la fin est magnifique",
		"Bravo à toute l'équipe, quel courage ! ❤️",
		"Que viagem linda! Chorei na chegada, parabéns a todos",
		"素晴らしい映像でした。嵐の夜の場面が忘れられません",
		"とても面白かったです！続きを楽しみにしています⛵",
		"Очень красивое видео, спасибо! Смотрели всей семьёй",
		"Harika bir video olmuş, emeğinize sağlık 👏",
		"정말 감동적인 영상이에요. 다음 편도 기대할게요!",
		"فيديو رائع جدا، شكرا لكم على هذا الجمال ❤️",
		"बहुत सुंदर वीडियो, मज़ा आ गया! धन्यवाद",
		"Bellissimo, complimenti per il montaggio e per la pazienza",
		"Świetny materiał, pozdrowienia z Gdańska!",
		"Prachtig gedaan, groeten uit Rotterdam 👍",
		"bhai kya video hai, dil khush ho gaya 🔥",
	},
	blaming: {
		"Demasiada publicidad, se hace pesado. Antes eran mejores",
		"Qué peligroso, sin chalecos y con la batería así. Muy mal",
		"Der Ton ist furchtbar, ich habe nach fünf Minuten abgeschaltet",
		"Nur noch Werbung, schade. Früher war der Kanal ehrlicher",
		"Trop de pub, c'est devenu insupportable 👎",
		"Péssimo exemplo, alguém ainda vai se machucar copiando isso",
		"音がうるさくて最後まで見られませんでした。残念です",
		"Сплошная реклама, раньше было лучше",
		"Reklamdan video izlenmiyor artık 😡",
		"광고가 너무 많아서 실망했어요",
		"Che delusione, la spiegazione della batteria è sbagliata",
	},
	neutral: {
		"¿Alguien sabe dónde está ese puerto?",
		"Wie viel Watt haben die Module insgesamt?",
		"Je regarde depuis Brest, il pleut aussi ici",
		"Qual é a música do minuto 12?",
		"船の長さは何メートルですか？",
		"А где вторая часть?",
		"İkinci bölüm ne zaman gelecek?",
		"Hvor mange meter er den båten?",
		"这艘船用了多少块太阳能板？",
		"배터리 용량이 얼마나 되나요?",
	},
}

// wordless are comments without words.
var wordless = map[mood][]string{
	praising: {"❤️❤️❤️", "🔥🔥", "👏👏👏", "😍", "⛵☀️❤️", "🙌", "💯"},
	blaming:  {"👎", "😡😡", "🙄", "🤮"},
	neutral:  {"⛵", "🤔", "...", "👀", "12:48"},
}
