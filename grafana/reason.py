"""Why a poll failed, in the words of somebody who looks at a wall display."""

from exporter.model import Reason
from grafana.language import Translate

_TEXTS = {
    Reason.AUTH: ("Token refused", "Token rechazado"),
    Reason.QUOTA: ("Vendor's daily quota used up", "Cuota diaria de Wolkvox agotada"),
    Reason.CONCURRENCY: ("Token used in parallel", "Token usado en paralelo"),
    Reason.FORBIDDEN: ("Refused, maintenance?", "Rechazado, ¿mantenimiento?"),
    Reason.BAD_REQUEST: ("Request not understood", "Solicitud no entendida"),
    Reason.NOT_FOUND: ("Campaign or address not found", "Campaña o dirección no encontrada"),
    Reason.REDIRECT: ("Redirected, not followed", "Redirigido, no seguido"),
    Reason.SERVER_ERROR: ("Wolkvox server error", "Error del servidor de Wolkvox"),
    Reason.HTTP: ("Unexpected HTTP status", "Estado HTTP inesperado"),
    Reason.CONNECT: ("No connection, address allowed?", "Sin conexión, ¿IP autorizada?"),
    Reason.TIMEOUT: ("No answer in time", "Sin respuesta a tiempo"),
    Reason.TOO_LARGE: ("Answer too large", "Respuesta demasiado grande"),
    Reason.INVALID_RESPONSE: ("Answer unreadable", "Respuesta ilegible"),
    Reason.BUDGET: ("Own daily budget used up", "Presupuesto diario propio agotado"),
    Reason.STORAGE: ("Storage cannot record", "El almacenamiento no registra"),
    Reason.INTERNAL: ("Fault of the exporter", "Falla del exportador"),
}


def texts(translate: Translate) -> dict[str, str]:
    """Text by value of the label `reason`."""
    return {reason.value: translate(*_TEXTS[reason]) for reason in Reason}
