"""Why a poll failed, as short as a wall display needs it."""

from exporter.model import Reason
from grafana.language import Translate

_TEXTS = {
    Reason.AUTH: ("Token refused", "Token rechazado"),
    Reason.QUOTA: ("Wolkvox daily quota used up", "Cuota diaria de Wolkvox agotada"),
    Reason.CONCURRENCY: ("Token used by another program", "Otro programa usa el token"),
    Reason.FORBIDDEN: ("Wolkvox is refusing requests", "Wolkvox rechaza las solicitudes"),
    Reason.BAD_REQUEST: ("Request not understood", "Solicitud no entendida"),
    Reason.NOT_FOUND: ("Campaign or report not found", "Campaña o informe no encontrado"),
    Reason.REDIRECT: ("Server redirects elsewhere", "El servidor redirige a otro sitio"),
    Reason.SERVER_ERROR: ("Error at Wolkvox", "Error en Wolkvox"),
    Reason.HTTP: ("Unexpected HTTP status", "Estado HTTP inesperado"),
    Reason.CONNECT: ("No connection", "Sin conexión"),
    Reason.TIMEOUT: ("No complete answer in time", "Sin respuesta completa a tiempo"),
    Reason.TOO_LARGE: ("Answer too large", "Respuesta demasiado grande"),
    Reason.INVALID_RESPONSE: ("Answer not understood", "Respuesta no entendida"),
    Reason.BUDGET: ("Own daily budget used up", "Presupuesto diario propio agotado"),
    Reason.STORAGE: ("Storage cannot be written", "No se puede guardar"),
    Reason.INTERNAL: ("Internal error of the exporter", "Falla del exportador"),
}


def texts(translate: Translate) -> dict[str, str]:
    """Text by value of the label `reason`."""
    return {reason.value: translate(*_TEXTS[reason]) for reason in Reason}
