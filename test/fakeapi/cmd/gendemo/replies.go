package main

// Words before and behind a reply.
var (
	openers = []string{
		"Well,", "Yeah,", "No,", "Hm,", "Look,", "Sorry but:", "With respect:", "Ha.", "To be fair:", "My two cents:", "As someone from {place}:",
		"After {years} years at sea:", "Not sure.", "At {time}?", "For me:", "Again:", "Friend,", "{joy}", "About {part}:", "Late to this, but:",
	}
	closers = []string{
		"Just saying.", "Anyway, {scene} was {great}.", "My view at least.", "Check {time}.", "{who} would agree.", "Peace {joy}", "Ask {who}.",
		"I built {part} myself.", "We did that in {place}.", "Or was it {n}?", "See {time}, then {time}.", "No offence.", "That is all I say about {part}.",
		"Learned it in {place}.", "And {craft} matters too.", "Not even close to {scene}.",
	}
)

// Replies by what the thread is about; those of a dispute go on for long.
var (
	replyAgree = []string{
		"Same here {joy}", "This!", "Couldn't agree more.", "I thought I was the only one", "{time} for me as well",
		"So true, the {craft} is {great}", "Exactly what I wanted to write", "Well said {joy}", "lol yes",
	}
	replyDispute = []string{
		"That is just wrong. {part} was fused, look at {time}.",
		"It really wasn't. Did you watch to the end?",
		"You clearly never built anything in your life {sad}",
		"Both can be true: great film, bad safety.",
		"I work with batteries and I would not sleep above one.",
		"Calm down everybody, it is a boat video",
		"Source? The manual says {n} {spec}.",
		"They answered this in the other video, no need to be rude.",
		"Still no excuse for {money}.",
		"Then don't watch it?",
		"I changed my mind after {time}, that part is fair.",
		"Rules exist because people died. {danger} is how it starts.",
		"{who} said the opposite at {time}, so who is lying?",
		"Thanks for explaining that so calmly, it helped",
		"This thread is more fun than the video",
		"ok but how many {spec} then",
	}
	replyAnswer = []string{
		"About {n} {spec}, see {time}.", "It is in the description under {thing}.", "I think {n}, but don't quote me.",
		"Asking for the same reason. Did you find out?", "Thanks, that helped!", "Look at {time}, there it is on the screen.",
	}
	replyOwner = []string{
		"Thank you so much, this makes the cold nights worth it!",
		"It was {n} {spec} in the end. The {thing} goes online next week.",
		"You are right about {part}, we should have shown the fuse. A corrected drawing is linked below the video now.",
		"Fair point. We will keep adverts out of the next part.",
		"Ha, {who} says hello!",
		"Good question! We explain it at {time}.",
		"Sorry about the sound, the microphone got wet at {time}. We fixed it for part two.",
	}
	replyBait = []string{
		"I also trade with her, she is the best. My first withdrawal came within days",
		"Wow I thought I was the only one who knows Mrs. Odalys Verhoeven, she changed my life",
		"How can I reach her please?",
		"She is on Telegram: @odalys_verhoeven_fx, tell her I sent you",
		"Her strategy is different, I made 4 times my start money this month",
	}
)

// campaigns are promos that several accounts repeat with small changes. All
// addresses lie under .example, all numbers in 555-01.
var campaigns = [][]string{
	{
		"FREE solar panels for the first 500 people 👉 https://free-watts.example/claim?ref={n}",
		"free solar panels for the first 500 people!! https://free-watts.example/claim?ref={n}",
		"FREE S0LAR PANELS for the first 500 people 👉👉 free-watts.example/claim",
		"Frее sоlаr раnеls fоr thе first 500 реорlе 👉 free-watts.example",
	},
	{
		"I made ${n}00 last week from home with Mrs. Odalys Verhoeven, write her on Telegram @odalys_verhoeven_fx",
		"i made ${n}00 last week thanks to Mrs Odalys Verhoeven 🙏 Telegram @odalys_verhoeven_fx",
		"Mrs. Odalys Verhoeven helped me recover my lost coins, whatsapp +1 (202) 555-01{n}",
		"Ｗｈａｔｓａｐｐ ＋１ ２０２ ５５５ ０１４２ for the best trading advice, I made ${n}00",
	},
	{
		"check out my channel, I also build boats and I need {n} more subs, sub4sub",
		"Subscribe to my channel and I subscribe back!! sub4sub {joy}",
		"who wants to be friends? check out my channel, new video every day, sub4sub",
	},
	{
		"🎁 C0NGRATULATIONS you are our lucky winner! Claim your gift card here: http://tideline-gifts.example/w1n",
		"🎁 Сongrаtulаtiоns! Yоu wоn оur givеаwаy, mеssаgе us оn Telegram: tideline_official",
		"You have been selected among our shortlisted winners 🎉 \u202eelpmaxe.stfig-eniledit\u202c gift card",
		"lucky winner \u2066http://tideline-gifts.example\u2069 claim now before it ends",
	},
	{
		"hot singles near {place} are waiting 💋 http://meet-tonight.example/?id={n}",
		"𝓱𝓸𝓽 𝓼𝓲𝓷𝓰𝓵𝓮𝓼 waiting for you 💋 click my p.r.o.f.i.l.e",
		"💋💋 meet-tonight.example 💋💋 meet-tonight.example 💋💋 meet-tonight.example",
	},
}
