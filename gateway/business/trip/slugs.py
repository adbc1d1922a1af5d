"""Slugs: names of two words that can be said over the telephone, such as `brave-otter`.

The words are of our own choosing: kind qualities that are no colour, size, age or creed, and animals that nobody is called after in
anger, so that no pair of them hurts. There are some 68 000 names, and with a number at their end 68 million.
"""

from collections.abc import Callable
from functools import lru_cache

MOST_NUMBER = 999


QUALITIES = """
able active adept agile airy alert amiable ample apt artful astute attentive awake balanced balmy beaming blissful blithe
bold bonny bountiful brave breezy bright brisk bubbly buoyant calm candid capable carefree careful caring charming
cheerful cheery civil clever coastal comfy composed cordial courtly cozy creative crisp curious dapper daring dashing
dazzling deft devoted diligent dreamy dutiful dynamic eager earnest elated elegant eloquent endless epic exact fabled
famous fearless festive fleet floral flowing fluent forthright fortunate frank friendly frosty gallant generous genial
gentle genuine gifted glad gleaming glowing graceful gracious grand grateful great handy happy hardy harmonic hearty
heroic honest hopeful humble ideal inventive jaunty jolly jovial joyful jubilant keen kind laughing leafy learned lively
loyal lucid lucky lunar lyrical magic majestic mellow merry mighty mindful mirthful modest musical neat nifty nimble
noble noted novel optimal orderly patient peaceful playful pleasant plucky poetic poised polite prompt proper proud
prudent quick quiet radiant rapid ready refined regal relaxed reliable restful rousing royal rustic sage savvy serene
sharp shiny silent sincere skilled sleek smiling snappy snowy sociable solar solid soothing sparkling spirited splendid
stable starry steady stellar sturdy subtle summery sunlit sunny superb sure tactful talented thankful thorough thriving
tidy tireless tranquil trusty truthful upbeat valiant versatile vibrant vigilant vivid warm watchful welcome winning wise
witty wondrous worthy zealous zesty zippy
"""

ANIMALS = """
addax albatross alpaca anchovy antelope argali armadillo avocet axolotl badger bandicoot barbet beetle bilby bison
bittern bluebird bluejay bobcat bobolink bongo bonito brambling bream budgie buffalo bulbul bullfinch bunting butterfly
camel canary capybara caracal caracara caribou cassowary caterpillar catfish chaffinch chamois cheetah chickadee
chinchilla chipmunk cicada civet clownfish colugo condor coral cormorant corncrake cowrie crane cricket crossbill curlew
cuttlefish dabchick damselfly dingo dipper dolphin dormouse dove dragonfly dunlin dunnock eagle echidna egret eider eland
elk emu ermine falcon fennec ferret fieldfare finch firefly flamingo flounder flycatcher fossa fox fulmar gannet garganey
gazelle gecko gemsbok genet gerbil gerenuk giraffe godwit goldcrest goldfinch goosander goshawk grebe greenfinch grouper
grouse guanaco guppy gyrfalcon haddock halibut hamster hare harrier hawfinch hawk hedgehog heron herring hornbill
hummingbird hyrax ibex ibis iguana impala jacana jackdaw jaguar jay jellyfish jerboa kangaroo katydid kestrel kingfisher
kinglet kite kiwi koala koi kookaburra kudu ladybird lapwing lark lemming lemur leopard linnet lion lizard llama lobster
lynx lyrebird macaw mackerel magpie mallard manatee manta mantis margay markhor marlin marmot marten martin mayfly
meerkat merganser merlin minnow mongoose moorhen moose moth muntjac narwhal nautilus newt nightjar numbat nuthatch nyala
ocelot octopus okapi olingo opossum orca oriole oryx osprey ostrich otter ouzel owl oyster panda panther parakeet parrot
partridge peacock pelican penguin petrel pheasant pika pike pintail pipit platypus plover pochard pony porcupine porpoise
possum potoroo ptarmigan puffin puma quail quetzal quokka quoll rabbit raccoon raven razorbill redpoll redshank redstart
redwing reindeer rhea robin roedeer salamander salmon sanderling sandpiper sardine scallop seahorse seal serin serval
shearwater shelduck shrike siskin skua skylark sparrow spoonbill springbok squid squirrel starfish starling steenbok
stoat stork sturgeon sunbird swan swift tamandua tanager tapir tarpon teal tern terrapin thrush tiger toucan treecreeper
trogon trout tuna turaco turbot turnstone turtle urchin vicuna vireo vole wagtail wallaby walrus wapiti warbler waxbill
waxwing wheatear whimbrel whinchat whiting wigeon wolf wombat wren wryneck yak zander zebra zebu
"""


def draw(random: Callable[[], float], *, numbered: bool) -> str:
    """Draw a name, from a source of numbers in [0, 1); with a number at its end where names without one have become rare."""
    name = f"{_one(words(QUALITIES), random)}-{_one(words(ANIMALS), random)}"
    return f"{name}-{2 + int(random() * (MOST_NUMBER - 1))}" if numbered else name


@lru_cache(maxsize=2)
def words(text: str) -> tuple[str, ...]:
    """Split a text into its words; the result is kept in a cache."""
    return tuple(text.split())


def _one(words: tuple[str, ...], random: Callable[[], float]) -> str:
    return words[int(random() * len(words))]
